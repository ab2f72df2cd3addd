"""Small readers of the languages that injections end in: where does a word stand?"""
