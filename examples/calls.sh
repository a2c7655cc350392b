#!/bin/sh
# sh calls.sh PICTURE: the calls of quickstart.py with curl 7.82 or newer. ATLAS_URL says where the service is.
set -eu
address=${ATLAS_URL:-http://localhost:8000}
ask() { curl --silent --show-error --fail-with-body "$@"; }

ask -F "images=@$1" -F model=vae "$address/encode"
echo
# One picture needs no form. -d would drop its line breaks and so damage it.
ask --data-binary "@$1" -H 'Content-Type: application/octet-stream' "$address/encode/picture?model=vae"
echo
ask -o mosaic.png "$address/decode" --json '{"model": "vae", "latents": [[0, 0], [1, 1]], "scale": 4}'
ask -o plane.png "$address/grid?model=vae"

# Request the plane again only if it has changed: the answer is 304, and plane.png stays as it is.
ask --etag-save plane.etag -o plane.png "$address/grid?model=vae"
ask --etag-compare plane.etag -o plane.png -w '%{http_code}\n' "$address/grid?model=vae"
