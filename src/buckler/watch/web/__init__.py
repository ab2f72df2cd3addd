"""The pages: rendered here, whole without script; what script adds is progress that moves and charts that answer."""
