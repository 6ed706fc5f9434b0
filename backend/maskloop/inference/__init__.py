"""ONNX in, labelmap out, no database. Nothing here but `session` and what uses it imports onnxruntime."""
