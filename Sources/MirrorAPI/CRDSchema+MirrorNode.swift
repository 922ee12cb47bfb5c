import KubeCore

extension KindSchema {
    static let mirrorNodeSpec = FieldSchema.object(
        "What the operator wants of the node.",
        [
            "mirrorName": .text(
                "Name of the P2PMirror.",
                .dnsLabel,
                atMost: 63,
                rules: [.fixed("mirrorName cannot be changed; another mirror has a MirrorNode of its own")]
            ),
            "nodeName": .text(
                "Name of the Node.",
                .dnsSubdomain,
                atMost: 253,
                rules: [.fixed("nodeName cannot be changed; another node has a MirrorNode of its own")]
            ),
            "nodeUID": .text(
                "Identity of the Node, so that a node of the same name that replaces it is another one.",
                atLeast: 1,
                atMost: 64,
                rules: [.fixed("nodeUID cannot be changed; a replaced node gets a new MirrorNode")]
            ),
            "provider": .choice(
                "The distribution that the node runs.",
                Provider.self,
                rules: [.fixed("provider cannot be changed; delete the MirrorNode, and the operator makes it anew")]
            ),
            "role": .choice("What the node is to its distribution.", NodeRole.self),
            "desired": .object(
                "Typed settings, from which the agent renders files at its provider's known paths only.",
                [
                    "server": server,
                    "registries": .registries(
                        """
                        Registries that registries.yaml must mirror beside those that it names. Those that p2pmirror \
                        added and that are asked for no longer are removed.
                        """
                    ),
                    "debug": .flag(
                        """
                        True, the service logs at the level debug; false, our file asks for that no longer, and what \
                        the node's own files say holds again; absent where that is left alone.
                        """
                    ),
                ]
            ),
            "revision": .text(
                """
                Count and hash of the desired settings. The count goes up each time that their effect changes, \
                so that going back to an earlier setting is a new revision.
                """,
                .revision,
                atMost: 63
            ),
            "approval": approval,
            "deletionPolicy": .choice(
                "What the agent does with its files once the mirror is gone; absent, they stay.",
                DeletionPolicy.self
            ),
            "announceIntervalSeconds": .number(
                "How often the agent announces that the seed's daemon is there; absent, it is no seed.",
                5...3600
            ),
            "containerd": containerdWish,
        ],
        required: ["mirrorName", "nodeName", "nodeUID", "provider", "role"],
        rules: approvalRules
    )

    private static let server = FieldSchema.object(
        """
        What the node's server setting is to be; absent where it stays as the administrator wrote it.
        """,
        [
            "action": .choice("Point sets it to url. Clear makes it empty.", ServerSetting.Action.self),
            "url": .text("The server to join, as https://HOST:PORT.", .serverURL, atMost: 300),
        ],
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
        "The leave to change the files and restart the service once.",
        [
            "revision": .text("The revision that is approved; any other is not.", .revision, atMost: 63),
            "epoch": .ordinal("Number of transitions of the disruption Lease under which it was given."),
            "expires": .time("An approval that the agent has not claimed by then is void."),
            "deadlineSeconds": .number(
                "How long the agent may take before it puts the previous configuration back.",
                10...7200
            ),
            "reason": .text("Why the change is wanted.", atMost: 128),
            "absentServer": .nodeName(
                """
                A server that may be away meanwhile, because this change frees the node from it; absent, none \
                may.
                """
            ),
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

    static let mirrorNodeStatus = FieldSchema.object(
        "What the agent says, and what the operator makes of it.",
        ["agent": agent, "candidate": candidateStatus]
    )

    private static let agent = FieldSchema.object(
        "What the node's agent says; absent until it has reported once.",
        [
            "observedGeneration": .ordinal("The generation of the specification that the agent looked at."),
            "phase": .choice(
                """
                Idle: nothing under way. Restarting: the approval is claimed, the service may be restarted at \
                any moment. Applied: the revision is in force. RollingBack: the previous file is being put back. \
                Failed: the revision failed. Refused: nothing was changed; the message says why.
                """,
                MirrorNodeStatus.Phase.self
            ),
            "revision": .text("The revision that phase is about; absent while idle.", atMost: 63),
            "epoch": .ordinal("The epoch under which the approval was claimed."),
            "reason": .text("One word for programs.", atMost: 128),
            "message": .text("A sentence for people.", atMost: 4096),
            "invocationID": .text(
                "Invocation of the service that the agent saw last, as systemd names it.",
                atMost: 64
            ),
            "restartedAt": .time("When the agent asked for the restart."),
            "registriesConfigured": .flag(
                """
                Whether registries.yaml names at least one registry; without one the embedded registry does not \
                start.
                """
            ),
            "pendingChanges": .list(
                """
                Settings that the files on disk (without the agent's own) hold otherwise than the running \
                service does, and that a restart would bring into force.
                """,
                of: .text("Name of a setting.", atMost: 253),
                atMost: 64,
                .atomic
            ),
            "host": .object(
                "What the agent sees on its host.",
                [
                    "ownServer": .text(
                        "The server setting of the node's own files, as https://HOST:PORT.",
                        atMost: 300
                    ),
                    "registries": .list(
                        "Registries that registries.yaml mirrors.",
                        of: .text("One registry.", atMost: 253),
                        atMost: 64,
                        .atomic
                    ),
                    "registriesFault": .text(
                        "Why no registry can be added to that file; absent where one can.",
                        atMost: 1024
                    ),
                    "serviceCPUPercent": .count("CPU time of the service, in percent of one core."),
                    "written": written,
                ]
            ),
            "figures": figures,
            "containerd": containerdReport,
            "version": .text("Release of the agent.", atMost: 64),
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

    private static let written = FieldSchema.object(
        """
        What stands in the host's files because an agent of this mirror wrote it, for this MirrorNode or for one \
        before it.
        """,
        [
            "server": .object(
                "The server setting of our file.",
                [
                    "action": .choice("Point sets it to url. Clear makes it empty.", ServerSetting.Action.self),
                    "url": .text("The server to join, as https://HOST:PORT.", atMost: 300),
                ],
                required: ["action"]
            ),
            "registries": .list(
                "Registries that were added to registries.yaml.",
                of: .text("One registry.", atMost: 253),
                atMost: 64,
                .atomic
            ),
            "debug": .flag("Whether our file asks for the level debug."),
        ]
    )

    private static let figures = FieldSchema.object(
        "How the host fares, in whole percent, rounded so that it changes rarely.",
        [
            "diskUsedPercent": .count("Used space of the volume that the mirror keeps its content on, as df has it."),
            "inodesUsedPercent": .count("Used inodes of that volume."),
            "ioPressurePercent": .count(
                "Share of the last minute in which some task waited for a disk (PSI some avg60)."
            ),
            "ioFullPressurePercent": .count(
                "Share in which all tasks waited for one (PSI full avg60); for information."
            ),
            "memoryAvailablePercent": .count("Memory that can be had without swapping, of all."),
            "networkErrorPercent": .count("Packets with errors among those of the physical interfaces."),
            "fileDescriptorsUsedPercent": .count(
                "Open files of what is allowed to the service, or to the host if that is nearer."
            ),
            "diskBusyPercent": .count("Share of time in which the volume's disk was busy; for information."),
            "diskOperationsPerSecond": .count("Reads and writes of that disk a second; for information."),
            "cleanUpBeginsAtPercent": .count("From where on the kubelet removes images, in percent of the volume."),
            "cleanUpEndsAtPercent": .count("Where the kubelet stops removing images, in percent of the volume."),
        ]
    )

    // A path that is written below it must not lead elsewhere: the agent holds the same rule.
    private static let containerdWish = FieldSchema.object(
        """
        What the node's containerd must be told for the mirror to be asked; only with provider Spegel.
        """,
        [
            "registryConfigPath": .text(
                "The directory of the mirror's hosts.toml files, from the root of the host.",
                .hostPath,
                atMost: 253
            ),
            "registries": .registries("Hosts of the registries that the mirror serves; none, it serves all."),
            "mirrorPorts": .list(
                "Ports of the node at which its mirror listens.",
                of: .number("A port.", 1...65535),
                atMost: 8,
                .set
            ),
            "mirrorAddresses": .list(
                "Addresses beside the node's own at which its mirror listens; none, it listens at the node's own.",
                of: .text("An IP address or a host's name.", atLeast: 1, atMost: 253),
                atMost: 8,
                .set
            ),
            "installed": .flag(
                """
                Whether the mirror is to be here; where it is not, and release is given, the agent looks for what it \
                left behind.
                """
            ),
            "release": .text(
                """
                The adopted release as NAMESPACE/NAME, once it has been seen; what was never seen is never cleaned \
                up. Absent for an installation of the operator's own.
                """,
                atLeast: 1,
                atMost: 127
            ),
            "repair": .flag(
                """
                Whether the agent may write a file of its own into the directory that containerd's configuration \
                imports, and take away what a removed mirror left.
                """
            ),
        ],
        // Lists of type set go with their last item under server-side apply, so none is required.
        required: ["registryConfigPath", "installed", "repair"]
    )

    private static let containerdReport = FieldSchema.object(
        "What the agent found in the node's containerd configuration.",
        [
            "configFile": .text("The file that containerd starts from; absent, none was found.", atMost: 253),
            "registryConfigPath": .text(
                "The config_path of registries as containerd has it; absent, it is not set.",
                atMost: 1024
            ),
            "discardsUnpackedLayers": .flag(
                "Whether containerd drops the layers that it has unpacked, so that no peer can have them."
            ),
            "findings": .list(
                "What keeps the mirror from being asked, or what it left behind.",
                of: .object(
                    "One finding.",
                    [
                        "reason": .text("One word for programs.", atMost: 128),
                        "message": .text("Which file, which value, and what would be right.", atMost: 1024),
                    ],
                    required: ["reason", "message"]
                ),
                atMost: 16,
                .atomic
            ),
        ],
        required: ["findings"]
    )
}
