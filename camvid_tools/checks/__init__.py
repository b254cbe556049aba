"""What camvid-check looks at: one subject a module, put together by `survey`."""
