IV = b"0123456789abcdef"
