#!/bin/sh
# Print the first engine here that can build an image; say on stderr what is wrong with those before it.
# The client of a daemon that takes a connection and never answers would wait for ever.
seconds=${ENGINE_SECONDS:-10}
for engine in docker podman buildah; do
  command -v "$engine" >/dev/null || continue
  said=$(timeout --kill-after=1 "$seconds" "$engine" info 2>&1 >/dev/null </dev/null)
  case $? in
    0) echo "$engine" && exit ;;
    124 | 137) said="its daemon does not answer \`$engine info\` within $seconds s; restart it, or stop it" ;;
    *) said=$(echo "${said:-\`$engine info\` fails}" | tail -n 1) ;;
  esac
  echo "$engine does not work here: $said" >&2
done
echo "Neither docker nor podman nor buildah works here." >&2
if command -v apt-get >/dev/null; then
  echo "This brings one that needs no daemon: apt-get install buildah" >&2
fi
exit 1
