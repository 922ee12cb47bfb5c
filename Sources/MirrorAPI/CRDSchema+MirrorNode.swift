import KubeCore

extension KindSchema {
    static let mirrorNodeSpec = FieldSchema.object(
        [
            "mirrorName": .text(
                .dnsLabel,
                atMost: 63,
                rules: [.fixed("mirrorName cannot be changed; another mirror has a MirrorNode of its own")]
            ),
            "nodeName": .text(
                .dnsSubdomain,
                atMost: 253,
                rules: [.fixed("nodeName cannot be changed; another node has a MirrorNode of its own")]
            ),
            "nodeUID": .text(
                atLeast: 1,
                atMost: 64,
                rules: [.fixed("nodeUID cannot be changed; a replaced node gets a new MirrorNode")]
            ),
            "provider": .choice(
                Provider.self,
                rules: [.fixed("provider cannot be changed; delete the MirrorNode, and the operator makes it anew")]
            ),
            "role": .choice(NodeRole.self),
            "desired": .object(["server": server, "registries": .registries, "debug": .flag]),
            "revision": .text(.revision, atMost: 63),
            "approval": approval,
            "deletionPolicy": .choice(DeletionPolicy.self),
            "announceIntervalSeconds": .number(5...3600),
            "containerd": containerdWish,
        ],
        required: ["mirrorName", "nodeName", "nodeUID", "provider", "role"],
        rules: approvalRules
    )

    private static let server = FieldSchema.object(
        ["action": .choice(ServerSetting.Action.self), "url": .text(.serverURL, atMost: 300)],
        required: ["action"],
        rules: [
            FieldRule(
                "self.action != 'Point' || has(self.url)",
                message: "url is required with action Point"
            ) { server, _ in server["action"] != "Point" || server["url"] != nil },
            FieldRule(
                "self.action == 'Point' || !has(self.url)",
                message: "url must be absent unless action is Point"
            ) { server, _ in server["action"] == "Point" || server["url"] == nil },
        ]
    )

    private static let approval = FieldSchema.object(
        [
            "revision": .text(.revision, atMost: 63),
            "epoch": .ordinal,
            "expires": .time,
            "deadlineSeconds": .number(10...7200),
            "reason": .text(atMost: 128),
            "absentServer": .nodeName,
        ],
        required: ["revision", "epoch", "expires", "deadlineSeconds", "reason"]
    )

    // The approved revision need not be the present one: a newer setting may arrive before the approval of the older
    // one is withdrawn. An approval that could be prolonged would outlive the agent's look at it.
    private static let approvalRules = [
        FieldRule(
            "!has(self.approval) || has(self.revision)",
            message: "revision is required where there is an approval"
        ) { spec, _ in spec["approval"] == nil || spec["revision"] != nil },
        FieldRule(
            "!has(oldSelf.revision) || has(self.revision)",
            message: "revision cannot be removed; it counts on, so that an earlier one is never used again"
        ) { spec, old in old["revision"] == nil || spec["revision"] != nil },
        FieldRule(
            """
            !has(oldSelf.approval) || !has(self.approval) || self.approval == oldSelf.approval || \
            self.approval.revision != oldSelf.approval.revision || self.approval.epoch != oldSelf.approval.epoch
            """,
            message: "approval cannot be changed; withdraw it, and give it anew under another epoch"
        ) { spec, old in
            guard let before = old["approval"], let after = spec["approval"] else { return true }
            return after == before || after["revision"] != before["revision"] || after["epoch"] != before["epoch"]
        },
    ]

    static let mirrorNodeStatus = FieldSchema.object(["agent": agent, "candidate": candidateStatus])

    private static let agent = FieldSchema.object(
        [
            "observedGeneration": .ordinal,
            "phase": .choice(MirrorNodeStatus.Phase.self),
            "revision": .text(atMost: 63),
            "epoch": .ordinal,
            "reason": .text(atMost: 128),
            "message": .text(atMost: 4096),
            "invocationID": .text(atMost: 64),
            "restartedAt": .time,
            "registriesConfigured": .flag,
            "pendingChanges": .list(of: .text(atMost: 253), atMost: 64, .atomic),
            "host": .object([
                "ownServer": .text(atMost: 300),
                "registries": .list(of: .text(atMost: 253), atMost: 64, .atomic),
                "registriesFault": .text(atMost: 1024),
                "serviceCPUPercent": .count,
                "written": written,
            ]),
            "figures": figures,
            "containerd": containerdReport,
            "version": .text(atMost: 64),
        ],
        required: ["phase", "version"],
        rules: [
            FieldRule(
                "self.phase == 'Idle' || has(self.revision)",
                message: "revision is required in every phase but Idle"
            ) { agent, _ in agent["phase"] == "Idle" || agent["revision"] != nil },
            FieldRule(
                "self.phase != 'Restarting' || has(self.epoch)",
                message: "epoch is required in phase Restarting"
            ) { agent, _ in agent["phase"] != "Restarting" || agent["epoch"] != nil },
            FieldRule(
                "!(self.phase in ['Failed', 'Refused']) || (has(self.reason) && has(self.message))",
                message: "reason and message are required in phases Failed and Refused"
            ) { agent, _ in
                !["Failed", "Refused"].contains(agent["phase"]) || (agent["reason"] != nil && agent["message"] != nil)
            },
        ]
    )

    private static let written = FieldSchema.object([
        "server": .object(
            ["action": .choice(ServerSetting.Action.self), "url": .text(atMost: 300)],
            required: ["action"]
        ),
        "registries": .list(of: .text(atMost: 253), atMost: 64, .atomic),
        "debug": .flag,
    ])

    private static let figures = FieldSchema.object([
        "diskUsedPercent": .count,
        "inodesUsedPercent": .count,
        "ioPressurePercent": .count,
        "ioFullPressurePercent": .count,
        "memoryAvailablePercent": .count,
        "networkErrorPercent": .count,
        "fileDescriptorsUsedPercent": .count,
        "diskBusyPercent": .count,
        "diskOperationsPerSecond": .count,
        "cleanUpBeginsAtPercent": .count,
        "cleanUpEndsAtPercent": .count,
    ])

    // A path that is written below it must not lead elsewhere: the agent holds the same rule.
    private static let containerdWish = FieldSchema.object(
        [
            "registryConfigPath": .text(.hostPath, atMost: 253),
            "registries": .registries,
            "mirrorPorts": .list(of: .number(1...65535), atMost: 8, .set),
            "mirrorAddresses": .list(of: .text(atLeast: 1, atMost: 253), atMost: 8, .set),
            "installed": .flag,
            "release": .text(atLeast: 1, atMost: 127),
            "repair": .flag,
        ],
        // Lists of type set go with their last item under server-side apply, so none is required.
        required: ["registryConfigPath", "installed", "repair"]
    )

    private static let containerdReport = FieldSchema.object(
        [
            "configFile": .text(atMost: 253),
            "registryConfigPath": .text(atMost: 1024),
            "discardsUnpackedLayers": .flag,
            "findings": .list(
                of: .object(
                    ["reason": .text(atMost: 128), "message": .text(atMost: 1024)],
                    required: ["reason", "message"]
                ),
                atMost: 16,
                .atomic
            ),
        ],
        required: ["findings"]
    )
}
