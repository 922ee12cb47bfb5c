# Operator and agent in one image, and nothing of the sandbox: docker build -t p2pmirror .
#
# The Swift runtime is linked into the program, so the image holds the program and the two C libraries that it calls.

FROM swift:6.3-bookworm AS build
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends libcurl4-openssl-dev libyaml-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Package.swift ./
COPY Sources Sources
# The manifest names the targets of tests and examples, so their directories must be there; they are not built.
COPY Tests Tests
COPY docs/examples docs/examples
RUN swift build -c release --product p2pmirror --static-swift-stdlib \
    && install -s -D -m 0755 "$(swift build -c release --show-bin-path)/p2pmirror" /out/p2pmirror

FROM debian:bookworm-slim
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends ca-certificates libcurl4 libyaml-0-2 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/p2pmirror /usr/local/bin/p2pmirror
# The operator needs no rights on its node. The agent's DaemonSet asks for root itself: it writes the host's files.
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/p2pmirror"]
