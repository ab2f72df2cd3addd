"""Rules about secrets; one file each."""
