//! Records: what `--format json` writes, and what `layerscope schema` describes.
