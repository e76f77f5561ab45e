"""transcode: cameras' JPEGs in, their H.264 out, as access units and as MP4 fragments, for those who want it."""
