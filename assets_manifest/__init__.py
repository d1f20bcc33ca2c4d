"""One YAML file an asset pack: source, licence, checksum, what it provides."""
