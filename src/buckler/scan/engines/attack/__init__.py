"""Sends payloads into every slot of every operation and hands what they reached to the rules."""
