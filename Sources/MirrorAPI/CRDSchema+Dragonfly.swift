import KubeCore

extension KindSchema {
    // MARK: spec.dragonfly

    package static let dragonfly = FieldSchema.object(
        """
        Settings of provider Dragonfly: which release of the mirror's namespace is looked after, and how far. Nothing \
        of a release is installed, and its own objects are left as Helm made them.
        """,
        [
            "app": .text(
                """
                Value of the label app of the release's pods, which the chart calls its full name. Absent, it is the \
                only release in the namespace.
                """,
                .labelValue,
                atLeast: 1,
                atMost: 63
            ),
            "recovery": .choice(
                """
                What becomes of a seed whose disk is full. None leaves it out of the candidate set until somebody \
                makes room. Restart deletes its pod once, behind its quarantine: a daemon cleans up when it starts.
                """,
                SeedRecovery.self,
                default: SeedRecovery.none
            ),
            "removeDeadHosts": .flag(
                "Whether schedulers are told to forget hosts that are gone without a word.",
                default: true
            ),
        ]
    )

    // MARK: status.seeds

    static let seedRecords = FieldSchema.list(
        """
        What is remembered of seeds that are pods, by name of the pod. One that is healthy and has not been evicted \
        within the last hour is not listed.
        """,
        of: .object(
            "One seed.",
            ["name": .text("Name of its pod.", .dnsSubdomain, atMost: 253), "candidate": candidateStatus],
            required: ["name", "candidate"]
        ),
        atMost: 1_000,
        .map(key: "name")
    )
}
