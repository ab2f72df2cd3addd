"""Throwaway servers for applications that want one: started by the scan, for it alone."""
