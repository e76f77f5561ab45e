"""A simulated ESP32 camera: it draws a moving scene as an OV2640's JPEGs would be and pushes it over a WebSocket.

Run it with `python -m tools.mock_camera`, or use `MockCamera` (client.py) and `Scene` (scene.py) from tests.
"""
