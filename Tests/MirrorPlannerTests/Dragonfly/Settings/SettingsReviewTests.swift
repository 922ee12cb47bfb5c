import KubeCore
import Testing

@testable import MirrorPlanner

/// Settings of whole releases, and what they must be to each other.
@Suite struct SettingsReviewTests {
    private static func scheduler(_ text: String) throws -> SettingsDocument {
        try SettingsDocument(.scheduler, text: text)
    }
    private static func daemon(_ text: String) throws -> SettingsDocument { try SettingsDocument(.daemon, text: text) }

    // MARK: Charts

    @Test(arguments: ChartSettings.all)
    func `a chart's defaults have the mark above evictAtPercent and the misspelt key, and nothing else`(
        _ chart: ChartSettings
    ) throws {
        let findings = try chart.review().findings
        let found = findings.map { "\($0.owner.rawValue) \($0.path)" }
        #expect(
            found.sorted() == [
                "client upload.server.requestbufferSize", "seed gc.policy.distHighThresholdPercent",
                "seed upload.server.requestbufferSize",
            ],
            "\(findings)"
        )
        #expect(findings.first?.severity == .fault)
        #expect(findings.first?.wanted == "80")
        #expect(findings.first?.message.contains("evictAtPercent to 93 or more") == true)
        #expect(!"\(findings)".contains("hunter2"))
    }

    /// Of a key that is not read, what counts is whether the default in its place is another value.
    @Test func `the misspelt key is a warning where another value holds in its place, and a note where it does not`()
        throws
    {
        let findings = try ChartSettings.newest.review().findings.filter { $0.path.hasSuffix("requestbufferSize") }
        #expect(findings.map(\.owner) == [.client, .seed])
        #expect(findings.map(\.severity) == [.warning, .note])
        #expect(findings.map(\.value) == ["1000", "50"])
        var older = try ChartSettings.newest.review()
        older.clientVersion = DragonflyVersion(1, 3, 0)
        let before = older.findings.filter { $0.path.hasSuffix("requestbufferSize") }
        #expect(before.map(\.severity) == [.warning, .note] && before.map(\.owner) == [.seed, .client])
        #expect(before.allSatisfy { $0.message.contains("uses 1000") })
    }

    // MARK: Cases

    /// dragonflyoss/client#2069
    @Test func `seeds that are busy are told to have a higher limit, and their misspelt key is named`() throws {
        var review = SettingsReview()
        review.seed = try Self.daemon(
            """
            seedPeer: {enable: true}
            storage: {keep: true}
            upload: {server: {requestRateLimit: 400, requestbufferSize: 50}}
            download: {server: {requestRateLimit: 400}}
            """
        )
        review.clientVersion = DragonflyVersion(1, 5, 1)
        review.isOverloaded = true
        let messages = review.findings.map(\.message)
        #expect(messages.count == 2)
        #expect(messages.contains { $0.contains("raise requestRateLimit or add seeds") && $0.contains("400") })
        #expect(
            messages.contains {
                $0.contains("the key requestbufferSize is not read (the daemon wants requestBufferSize and uses 50)")
            }
        )
    }

    /// dragonflyoss/client#1184, dragonflyoss/dragonfly#3030
    @Test func `a file system that others fill is named with both numbers`() throws {
        var review = SettingsReview()
        review.seed = try Self.daemon(
            """
            seedPeer: {enable: true}
            gc: {interval: 900s, policy: {distHighThresholdPercent: 90, distLowThresholdPercent: 70}}
            storage: {keep: true}
            """
        )
        review.evictAtPercent = 85
        review.storage = .init(volumeBytes: 2e12, usedPercent: 92, contentBytes: 1.1e8)
        let messages = review.findings.map(\.message)
        #expect(messages.count == 2)
        for text in [
            "92 % used of which 0.1 GB is this cache", "clean-up cannot help", "set gc.policy.distThreshold",
            "evictAtPercent 85 is below the daemon's own mark 90",
        ] { #expect(messages.contains { $0.contains(text) }, "\(text)") }
        #expect(!messages.contains { $0.contains("restart") })
    }

    // MARK: Keys

    @Test(
        arguments: [
            ("upload: {server: {requestbufferSize: 7}}", "requestBufferSize"),
            ("gc: {policy: {distHighThreshholdPercent: 70}}", "distHighThresholdPercent"),
            ("gc: {intervall: 60s}", "interval"), ("Gc: {interval: 60s}", "gc"),
            ("seedpeer: {enable: true}", "seedPeer"),
            ("scheduler: {anounceInterval: 1m}", "announceInterval"), ("proxy: {rules: [{regx: x}]}", "regex"),
            ("scheduler: {enableBackToSource: true}", nil), ("wholly: {unlike: 1}", nil),
        ] as [(String, String?)]
    )
    func `a key that nobody reads is named with the one that was meant`(_ text: String, _ meant: String?) throws {
        var review = SettingsReview()
        review.client = try Self.daemon(text)
        let findings = review.findings
        #expect(findings.count == 1)
        #expect(findings.first?.severity == (meant == nil ? .note : .warning))
        #expect(findings.first?.wanted == meant)
        #expect(findings.first?.message.contains("is not read") == true)
    }

    @Test func `the scheduler takes keys in any case, and those it does not know are named`() throws {
        var review = SettingsReview()
        review.scheduler = try Self.scheduler(
            "Scheduler: {RetryLimit: 5, retryLimits: 9}\ndynConfig: {refreshInterval: 1m}"
        )
        #expect(review.findings.map(\.path) == ["scheduler.retryLimits"])
        #expect(review.findings.first?.wanted == "retryLimit")
    }

    @Test func `a key that releases no longer read, or don't yet, is a note that says so`() throws {
        var review = SettingsReview()
        review.client = try Self.daemon("seedPeer: {clusterID: 1}\nproxy: {server: {requestRateLimit: 50}}")
        review.clientVersion = DragonflyVersion(1, 4, 0)
        #expect(review.findings.map(\.path) == ["proxy.server.requestRateLimit", "seedPeer.clusterID"])
        #expect(review.findings.allSatisfy { $0.severity == .note })
        review.clientVersion = DragonflyVersion(1, 0, 10)
        #expect(review.findings.map(\.path) == ["proxy.server.requestRateLimit"])
        review.clientVersion = nil
        #expect(review.findings.map(\.path) == ["seedPeer.clusterID"])
    }

    @Test func `keys without a value, which charts write, are no finding`() throws {
        var review = SettingsReview()
        review.scheduler = try Self.scheduler("server: {workHome: '', cacheDir: '', dataDir: ''}\nstorage:\nseedPeer:")
        review.client = try Self.daemon(
            "tracing: {protocol: ''}\nbackend: {requestHeader: {}}\nhost: {idc: ''}\nnew: {}"
        )
        #expect(review.findings.isEmpty)
    }

    @Test func `a text that looks like a boolean is no fault, one that is a number is`() throws {
        var review = SettingsReview()
        review.client = try Self.daemon("host: {idc: no, location: 5}")
        #expect(review.findings.map(\.path) == ["host.location"])
    }

    @Test func `a value of a wrong shape is a fault where a mapping or a list is needed`() throws {
        var review = SettingsReview()
        review.client = try Self.daemon("gc: 5\nproxy: {rules: {regex: x}}")
        #expect(review.findings.map(\.path) == ["gc", "proxy.rules"])
        #expect(review.findings.allSatisfy { $0.severity == .fault })
    }

    // MARK: Relations

    /// The text of each file, and what holds beside: of each relation one that breaks it and one that keeps it.
    private struct Relation: Sendable {
        var relation: SettingRelation
        var breaks: @Sendable (inout SettingsReview) throws -> Void
        var keeps: @Sendable (inout SettingsReview) throws -> Void
    }

    private static let relations: [Relation] = [
        Relation(
            relation: .waitBelowTimeout,
            breaks: { $0.scheduler = try scheduler("scheduler: {retryInterval: 2s, retryBackToSourceLimit: 4}") },
            keeps: { $0.scheduler = try scheduler("scheduler: {retryInterval: 2s, retryBackToSourceLimit: 3}") }
        ),
        Relation(
            relation: .sourceBeforeFailure,
            breaks: { $0.scheduler = try scheduler("scheduler: {retryBackToSourceLimit: 6}") },
            keeps: { $0.scheduler = try scheduler("scheduler: {retryBackToSourceLimit: 5}") }
        ),
        Relation(
            relation: .hostTTLOverAnnouncements,
            breaks: {
                $0.scheduler = try scheduler("scheduler: {gc: {hostTTL: 9m}}")
                $0.client = try daemon("")
            },
            keeps: {
                $0.scheduler = try scheduler("scheduler: {gc: {hostTTL: 9m}}")
                $0.client = try daemon("scheduler: {announceInterval: 4m}")
            }
        ),
        Relation(
            relation: .parentsAmongCandidates,
            breaks: { $0.schedulerDynconfig = try limits(20) },
            keeps: { $0.schedulerDynconfig = try limits(15) }
        ),
        Relation(
            relation: .smallCluster,
            breaks: { ($0.schedulerDynconfig, $0.peers) = (try limits(3), 16) },
            keeps: { ($0.schedulerDynconfig, $0.peers) = (try limits(3), 51) }
        ),
        Relation(
            relation: .clusterIdentifiers,
            breaks: {
                $0.scheduler = try scheduler("manager: {addr: \"m:65003\", schedulerClusterID: 2}")
                $0.client = try daemon("host: {schedulerClusterID: 1}")
            },
            keeps: {
                $0.scheduler = try scheduler("manager: {schedulerClusterID: 2}")
                $0.client = try daemon("host: {schedulerClusterID: 1}")
            }
        ),
        Relation(
            relation: .marksInOrder,
            breaks: { $0.seed = try daemon("gc: {policy: {diskLowThresholdPercent: 85}}") },
            keeps: { $0.seed = try daemon("gc: {policy: {diskLowThresholdPercent: 79}}") }
        ),
        Relation(
            relation: .spellings,
            breaks: { $0.seed = try daemon("gc: {policy: {diskThreshold: 5GB, distThreshold: 5GB}}") },
            keeps: { $0.seed = try daemon("gc: {policy: {diskThreshold: 5GB, distHighThresholdPercent: 70}}") }
        ),
        Relation(
            relation: .cleanUpBeforeEviction,
            breaks: { ($0.seed, $0.evictAtPercent) = (try daemon(""), 82) },
            keeps: { ($0.seed, $0.evictAtPercent) = (try daemon(""), 83) }
        ),
        Relation(
            relation: .roomBetweenCleanUps,
            breaks: { ($0.seed, $0.storage) = (try daemon(""), .init(volumeBytes: 100e9, ingestBytesPerSecond: 23e6)) },
            keeps: { ($0.seed, $0.storage) = (try daemon(""), .init(volumeBytes: 100e9, ingestBytesPerSecond: 22e6)) }
        ),
        Relation(
            relation: .foreignFiles,
            breaks: {
                ($0.seed, $0.storage) = (try daemon(""), .init(volumeBytes: 1e11, usedPercent: 50, contentBytes: 2e10))
            },
            keeps: {
                ($0.seed, $0.storage) = (try daemon(""), .init(volumeBytes: 1e11, usedPercent: 50, contentBytes: 45e9))
            }
        ),
        Relation(
            relation: .thresholdFits,
            breaks: {
                ($0.seed, $0.storage) = (try daemon("gc: {policy: {distThreshold: 200GB}}"), .init(volumeBytes: 100e9))
            },
            keeps: {
                ($0.seed, $0.storage) = (try daemon("gc: {policy: {distThreshold: 100GB}}"), .init(volumeBytes: 100e9))
            }
        ),
        Relation(
            relation: .certificatesComplete,
            breaks: { $0.client = try daemon("upload: {server: {caCert: /a, cert: /b}}") },
            keeps: { $0.client = try daemon("upload: {server: {caCert: /a, cert: /b, key: /c}}") }
        ),
        Relation(
            relation: .certificatesOfSeeds,
            breaks: {
                $0.scheduler = try scheduler("seedPeer: {tls: {caCert: /a, cert: /b, key: /c}}")
                $0.seed = try daemon("")
            },
            keeps: {
                $0.scheduler = try scheduler("seedPeer: {tls: {caCert: /a, cert: /b, key: /c}}")
                $0.seed = try daemon("upload: {server: {caCert: /a, cert: /b, key: /c}}")
            }
        ),
        Relation(
            relation: .encryptedUploads,
            breaks: { $0.client = try daemon("upload: {server: {caCert: /a, cert: /b, key: /c}}") },
            keeps: { $0.client = try daemon("upload: {client: {caCert: /a, cert: /b, key: /c}}") }
        ),
        Relation(
            relation: .addressOfManager,
            breaks: { $0.client = try daemon("manager: {addr: \"http://:65003\"}") },
            keeps: { $0.client = try daemon("manager: {addr: \"http://m:65003\"}") }
        ),
        Relation(
            relation: .overload,
            breaks: { ($0.seed, $0.isOverloaded) = (try daemon(""), true) },
            keeps: { ($0.seed, $0.isOverloaded) = (try daemon(""), false) }
        ),
    ]

    private static func limits(_ parents: Int) throws -> SettingsDocument {
        try SettingsDocument(.schedulerDynconfig, text: "schedulerClusterConfig: {candidateParentLimit: \(parents)}")
    }

    @Test(arguments: SettingRelation.allCases)
    func `a relation that is broken is found, and one that is kept is not`(_ relation: SettingRelation) throws {
        let row = try #require(Self.relations.first { $0.relation == relation })
        var (broken, kept) = (SettingsReview(), SettingsReview())
        try row.breaks(&broken)
        try row.keeps(&kept)
        #expect(!relation.findings(in: broken).isEmpty)
        #expect(relation.findings(in: kept).isEmpty)
        // Nothing else is said of it, but that a seed does not keep its content by default.
        for other in SettingRelation.allCases where other != relation {
            #expect(other.findings(in: broken).isEmpty, "\(other)")
        }
    }

    @Test func `seeds with TLS are named where schedulers don't speak it`() throws {
        var review = SettingsReview()
        review.scheduler = try Self.scheduler("")
        review.seed = try Self.daemon("upload: {server: {port: 4100, caCert: /a, cert: /b, key: /c}}")
        let finding = try #require(review.certificatesOfSeeds.first)
        #expect(finding.severity == .fault && finding.remedy == nil)
        #expect(finding.message.contains("seeds want TLS on port 4100"))
    }

    @Test(arguments: SettingsFile.allCases)
    func `a file that can't be read is a fault that says what its process does`(_ file: SettingsFile) throws {
        let fault = #expect(throws: SettingsFault.self) { try SettingsDocument(file, text: "a: 1\nb: [hunter2") }
        let finding = SettingFinding(try #require(fault), of: .seed)
        #expect(finding.severity == .fault && finding.message.contains("\(file.title) is not one YAML mapping, line "))
        #expect(!finding.message.contains("hunter2") && SettingPatch(finding) == nil)
    }

    @Test(arguments: [("2s", 4, "1.5s"), ("700ms", 20, "300ms"), ("10s", 1, "7.5s"), ("1s", 100, "79ms")])
    func `the interval that would be right keeps the wait below the daemon's bound`(
        _ interval: String,
        _ limit: Int,
        _ right: String
    ) throws {
        var review = SettingsReview()
        let text = { (interval: String) in
            "scheduler: {retryInterval: \(interval), retryBackToSourceLimit: \(limit), retryLimit: 200}"
        }
        review.scheduler = try Self.scheduler(text(interval))
        let finding = try #require(review.waitBelowTimeout.first)
        #expect(finding.wanted == right && finding.message.contains("after 10s"))
        review.scheduler = try Self.scheduler(text(right))
        #expect(review.waitBelowTimeout.isEmpty)
    }

    @Test(arguments: [23e6, 100e6, 400e6])
    func `the interval between clean-ups that would be right leaves room`(_ rate: Double) throws {
        var review = SettingsReview()
        review.seed = try Self.daemon("")
        review.storage = .init(volumeBytes: 100e9, ingestBytesPerSecond: rate)
        let wanted = try #require(review.roomBetweenCleanUps.first?.wanted)
        review.seed = try Self.daemon("gc: {interval: \(wanted)}")
        #expect(review.roomBetweenCleanUps.isEmpty)
    }

    @Test func `a volume too small for what arrives is said to be`() throws {
        var review = SettingsReview()
        review.seed = try Self.daemon("")
        review.storage = .init(volumeBytes: 1e9, ingestBytesPerSecond: 1e9)
        #expect(review.roomBetweenCleanUps.first?.message.hasSuffix("use a larger volume") == true)
    }
}
