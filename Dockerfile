# The service with its released model: see docs/deploy.md.
#
#   TORCH_BUILD  cpu or cuda: which build of PyTorch; the image is not made when the package index has the other.
#   TORCH_INDEX  URL of a package index that has that build, where the usual one lacks it;
#                https://pytorch.org/get-started gives it after --index-url.
ARG PYTHON_VERSION=3.11

FROM python:${PYTHON_VERSION}-slim-bookworm AS torch
ARG TORCH_BUILD=cpu
ARG TORCH_INDEX=
ENV PIP_CONSTRAINT=/build/constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
    PIP_PYTHON=/opt/libraries/bin/python
WORKDIR /build
RUN python -m venv --without-pip /opt/libraries
COPY constraints.txt deploy/image/torch_build.py ./
# What the index has is asked before gigabytes are fetched. What only serves to compile or to test PyTorch goes. It gets
# a folder, and so a layer, of its own, since it is most of the image and changes least.
RUN --mount=type=cache,target=/root/.cache/pip,sharing=locked \
    pip install --quiet --dry-run --report report.json ${TORCH_INDEX:+--index-url "${TORCH_INDEX}"} torch \
 && python torch_build.py "${TORCH_BUILD}" report.json \
 && pip install --quiet --no-compile ${TORCH_INDEX:+--index-url "${TORCH_INDEX}"} torch \
 && packages=$(echo /opt/libraries/lib/python*/site-packages) \
 && find "${packages}/torch/bin" -type f -not -name torch_shm_manager -delete \
 && find "${packages}/torch/lib" '(' -name '*.a' -o -name '*_test.so' ')' -delete \
 && rm -rf "${packages}/torch/include" "${packages}/torch/share" "${packages}/torch/test" \
 && mkdir /opt/torch \
 && for name in torch nvidia triton; do [ ! -e "${packages}/${name}" ] || mv "${packages}/${name}" /opt/torch/; done \
 && printf '/opt/torch\n/opt/service\n' > "${packages}/image.pth"

FROM torch AS libraries
# All but PyTorch, whose build depends on the machine, is held to its hash.
COPY requirements.lock ./
RUN --mount=type=cache,target=/root/.cache/pip,sharing=locked \
    pip install --quiet --no-compile --no-deps --require-hashes --requirement requirements.lock \
 && find /opt/libraries -depth -type d -name tests -exec rm -rf {} +

FROM libraries AS service
COPY . /source
# Where the base has no C compiler, pip fetches one for this step alone. Without the compiled steps the service would
# still run, several times as slowly, so an image without them is not made.
RUN --mount=type=cache,target=/root/.cache/pip,sharing=locked \
    pip install --quiet --no-compile --no-deps --target /opt/service /source \
 && ls /opt/service/sentiment/_lstm_portable.* > /dev/null \
 && rm -rf /opt/service/reviews /opt/service/scoring /opt/service/training /opt/service/bin \
 && mv /opt/service/model_store/released /models \
 && ln -s /models /opt/service/model_store/released \
 && cp /source/deploy/image/healthcheck.py /opt/service/
# The file system will be read-only: one start now leaves the bytecode of all that a start imports, and shows that
# the model passes its checks.
ENV PATH=/opt/libraries/bin:$PATH PYTHONPYCACHEPREFIX=/opt/bytecode
RUN python -m service > /dev/null & \
    until python /opt/service/healthcheck.py 2> /dev/null; do kill -0 $! || exit 1; sleep 1; done; \
    kill -TERM $! && wait $!

FROM python:${PYTHON_VERSION}-slim-bookworm
# The kernel drops signals that PID 1 has no handler for yet. So an init is PID 1, and passes on what comes while the
# service starts.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends 'tini=0.19.0-1*' \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin sentiment
COPY --from=torch /opt/torch /opt/torch
COPY --from=libraries /opt/libraries /opt/libraries
COPY --from=service /opt/bytecode /opt/bytecode
COPY --from=service /opt/service /opt/service
COPY --chown=10001:10001 --from=service /models /models
ENV PATH=/opt/libraries/bin:$PATH PYTHONPYCACHEPREFIX=/opt/bytecode PYTHONDONTWRITEBYTECODE=1 \
    SENTIMENT_HOST=0.0.0.0 SENTIMENT_MODEL_STORE=/models
USER 10001:10001
WORKDIR /models
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --retries=3 --start-period=60s --start-interval=2s \
    CMD ["python", "/opt/service/healthcheck.py"]
ENTRYPOINT ["tini", "--", "python", "-m", "service"]
