"""SCAIL-2: model, training, sampling."""
