# The operator, and nothing that only building needs. `make image` builds it with docker, podman or buildah.

# python:3.13-slim for every platform, by digest: a tag can come to mean something else. Whoever takes another base says so
# in all three, or the labels tell of this one.
ARG BASE_NAME=docker.io/library/python:3.13.15-slim
ARG BASE_DIGEST=sha256:ffb752e139c0a19692a43af8d8523b274222dd68eebad5d583b45c2201c6e30a
ARG PYTHON=${BASE_NAME}@${BASE_DIGEST}

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PYTHONDONTWRITEBYTECODE=1
RUN ["python", "-m", "venv", "--without-pip", "/opt/onecloud-operator"]
COPY requirements/runtime.txt /build/
# Locked wheels by their hashes, and no code of a source distribution is run.
RUN ["python", "-m", "pip", "--python", "/opt/onecloud-operator/bin/python", "install", "--no-compile", \
     "--require-hashes", "--no-deps", "--only-binary=:all:", "-r", "/build/runtime.txt"]
WORKDIR /opt/onecloud-operator
# Nothing can be compiled later, on a read-only root; and with a hash, not a time, so that two builds are alike.
RUN ["bin/python", "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash", "lib"]
COPY operator/ /build/operator/
RUN site="$(bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
 && cp -R /build/operator/onecloud_operator "$site/" \
 && printf '%s\n' '#!/opt/onecloud-operator/bin/python -P' 'import sys' \
      'from onecloud_operator.__main__ import main' 'sys.exit(main())' > bin/onecloud-operator \
 && sed 's/operator.__main__/operator.cli.__main__/' bin/onecloud-operator > bin/kubectl-onecloud \
 && chmod 0755 bin/onecloud-operator bin/kubectl-onecloud \
 && bin/python -m compileall -q --invalidation-mode unchecked-hash "$site/onecloud_operator"

FROM ${PYTHON}
# The base brings pip, and a copy of it that could bring it back.
RUN python -m pip uninstall --yes --quiet --root-user-action=ignore pip \
 && rm -rf "$(python -c 'import ensurepip, os; print(os.path.dirname(ensurepip.__file__))')"
COPY --from=build /opt/onecloud-operator /opt/onecloud-operator

ARG BASE_NAME
ARG BASE_DIGEST
ARG VERSION=0.1.0
ARG REVISION=unknown
# When the revision was made: the same sources make the same image.
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="onecloud-operator" \
      org.opencontainers.image.description="Declare servers of a OneCloud (Cloudpods) platform as Kubernetes objects" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="${BASE_NAME}" \
      org.opencontainers.image.base.digest="${BASE_DIGEST}"

# Libraries ask for the user's name and home, which a mere number has not; a cluster may choose yet another number.
# Time zones are those of the locked package, whatever the base has: a window means the same on each.
ENV HOME=/ \
    USER=onecloud-operator \
    PATH=/opt/onecloud-operator/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONTZPATH="" \
    PYTHONUNBUFFERED=1
# By number: only then can Kubernetes see that it is not root.
USER 65532:65532
WORKDIR /
EXPOSE 8080
ENTRYPOINT ["onecloud-operator"]
CMD ["run"]
