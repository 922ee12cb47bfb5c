import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("A node's annotations are read as the distributions write them, and give no secret away")
struct ReadingTests {
    @Test(
        "The last --server wins, an empty one is none, and the environment counts only without a flag",
        arguments: [
            (#"["server","--server","https://a:9345"]"#, nil, "https://a:9345"),
            (#"["server","--server=https://a:9345"]"#, nil, "https://a:9345"),
            (#"["server","-s","https://a:9345"]"#, nil, "https://a:9345"),
            (#"["server","-s=https://a:9345"]"#, nil, "https://a:9345"),
            (#"["server","--server","https://a","--server","https://b"]"#, nil, "https://b"),
            (#"["server","--server","https://a","--server",""]"#, nil, nil),
            (#"["server","--server="]"#, #"{"RKE2_URL":"https://e"}"#, nil),
            (#"["server"]"#, #"{"RKE2_URL":"https://e","RKE2_TOKEN":"********"}"#, "https://e"),
            (#"["server"]"#, #"{"RKE2_URL":""}"#, nil),
            (#"["server"]"#, nil, nil),
            (#"[ "server" , "--server" , "https:\/\/a\u002eb" ]"#, nil, "https://a.b"),
            ("[]", nil, nil),
        ] as [(String, String?, String?)]
    )
    func server(_ arguments: String, _ environment: String?, _ expected: String?) throws {
        var annotations = ["rke2.io/node-args": arguments]
        annotations["rke2.io/node-env"] = environment
        #expect(try NodeArguments(annotations: annotations, distribution: .rke2).server == expected)
    }

    @Test(
        "Switches are on when bare, when =true and when followed by true",
        arguments: [
            (#"["server","--embedded-registry"]"#, true), (#"["server","--embedded-registry","true"]"#, true),
            (#"["server","--embedded-registry=true"]"#, true), (#"["server","--embedded-registry","false"]"#, false),
            (#"["server","--embedded-registry=false"]"#, false),
            (#"["server","--embedded-registry","--token","x"]"#, true),
            (#"["server","--embedded-registry","true","--embedded-registry","false"]"#, false),
            (#"["server","--embedded-registry=maybe"]"#, false), (#"["server"]"#, false),
        ]
    )
    func switches(_ arguments: String, _ expected: Bool) throws {
        let read = try NodeArguments(annotations: ["k3s.io/node-args": arguments], distribution: .k3s)
        #expect(read.enablesEmbeddedRegistry == expected)
    }

    @Test(
        "What cannot be read says which annotation is at fault, and not what stands there",
        arguments: [
            nil, "", "[", "{}", "null", #"["server",1]"#, #"["server" "x"]"#, #"["secret-value","#, "[\"a\u{1}\"]",
        ] as [String?]
    )
    func unreadable(_ arguments: String?) {
        var annotations: [String: String] = [:]
        annotations["rke2.io/node-args"] = arguments
        let error = #expect(throws: NodeArguments.Unreadable.self) {
            try NodeArguments(annotations: annotations, distribution: .rke2)
        }
        #expect(error?.message.contains("rke2.io/node-args") == true)
        #expect(error?.message.contains("secret-value") == false)
    }

    @Test(
        "Secrets are masked in every spelling, and the rest stays",
        arguments: [
            (
                #"["server","--token","S3CRET","--server","https://a:1"]"#,
                #"["server","--token","********","--server","https://a:1"]"#
            ),
            (#"["server","-t=S3CRET"]"#, #"["server","-t=********"]"#),
            (#"["server","-t","S3CRET"]"#, #"["server","-t","********"]"#),
            (#"["server","--token=S3CRET"]"#, #"["server","--token=********"]"#),
            (#"["server","--agent-token","S3CRET"]"#, #"["server","--agent-token","********"]"#),
            (#"["server","--etcd-s3-access-key=S3CRET"]"#, #"["server","--etcd-s3-access-key=********"]"#),
            (#"["server","--etcd-s3-secret-key","S3CRET"]"#, #"["server","--etcd-s3-secret-key","********"]"#),
            (
                #"["server","--datastore-endpoint","postgres://S3CRET"]"#,
                #"["server","--datastore-endpoint","********"]"#
            ),
            (#"["server","--vpn-auth","joinKey=S3CRET"]"#, #"["server","--vpn-auth","********"]"#),
            (#"["server","--server","https://u:S3CRET@a:1"]"#, #"["server","--server","https://********@a:1"]"#),
            ("S3CRET", "********"),
        ]
    )
    func masking(_ arguments: String, _ expected: String) {
        let masked = Masking.masked([
            "rke2.io/node-args": arguments, "x": "y",
            "rke2.io/node-env": #"{"AWS_SECRET_ACCESS_KEY":"S3CRET","RKE2_TOKEN":"S3CRET","RKE2_URL":"https://a"}"#,
        ])
        #expect(masked["rke2.io/node-args"] == expected)
        #expect(masked["x"] == "y")
        #expect(masked["rke2.io/node-env"]?.contains("S3CRET") == false)
        #expect(masked["rke2.io/node-env"]?.contains("https://a") == true)
        #expect(Masking.masked(masked) == masked, "masking twice changes nothing")
    }

    @Test(
        "A URL is taken apart into scheme, host and port",
        arguments: [
            ("https://10.0.0.1:9345", "https://10.0.0.1:9345"), ("https://10.0.0.1", "https://10.0.0.1:9345"),
            ("HTTPS://Host.Example.COM.:80/path", "https://host.example.com:80"),
            ("https://[FD00:0:0:0::1]:9345", "https://[fd00::1]:9345"), ("https://[::1]", "https://[::1]:9345"),
            ("https://[::ffff:10.0.0.1]:1", "https://[::ffff:a00:1]:1"),
            ("https://[1:0:0:2::3]:1", "https://[1:0:0:2::3]:1"),
            ("https://user:password@host:1", "https://host:1"), ("10.0.0.1:9345", nil), ("https://", nil),
            ("https://host:0", nil), ("https://host:65536", nil), ("https://host:x", nil), ("://host", nil),
            ("https://fd00::1:9345", nil), ("https://[fd00::1:9345", nil), ("--token", nil),
            ("https://.", nil), ("https://[]:1", nil), ("https://a..", "https://a:9345"),
            ("https://[[a]", nil), ("https://a]", nil),
        ] as [(String, String?)]
    )
    func url(_ text: String, _ expected: String?) {
        #expect(ServerURL(text, distribution: .rke2)?.description == expected)
    }

    @Test(
        "A version's place in the table of the loop",
        arguments: [
            ("v1.29.13+rke2r1", .notAffected), ("v1.29.14+rke2r1", .recurses), ("v1.29.15+k3s1", .recurses),
            ("v1.29.15+k3s-5aac2aaf", .unknown), ("v1.30.9+rke2r1", .notAffected), ("v1.30.10+rke2r1", .recurses),
            ("v1.30.12+rke2r1", .fixed), ("v1.31.7+k3s1", .recurses), ("v1.31.8+k3s1", .fixed),
            ("v1.32.1+rke2r1", .notAffected), ("v1.32.3+rke2r1", .recurses), ("v1.32.4-rc1+rke2r1", .fixed),
            ("v1.32.2-rc1+rke2r1", .recurses), ("v1.32.4-dev+rke2r1", .unknown), ("v1.33.0+rke2r1", .fixed),
            ("v1.36.4+rke2r2", .fixed), ("v1.28.9+k3s1", .notAffected), ("v2.0.0+k3s1", .unknown),
        ] as [(String, DistributionVersion.Recursion)]
    )
    func recursion(_ text: String, _ expected: DistributionVersion.Recursion) {
        #expect(DistributionVersion(text)?.recursion == expected)
    }

    @Test(
        "A version that fails to start without registries",
        arguments: [
            ("v1.32.9+rke2r1", false), ("v1.32.10+rke2r1", true), ("v1.32.12+rke2r1", true), ("v1.32.13+rke2r1", false),
            ("v1.33.6+rke2r1", true), ("v1.33.9+rke2r1", false), ("v1.34.4+rke2r1", true), ("v1.34.5+rke2r1", false),
            ("v1.35.0+rke2r1", true), ("v1.35.2+rke2r1", false), ("v1.34.4+k3s1", false),
        ]
    )
    func failsToStart(_ text: String, _ expected: Bool) {
        #expect(DistributionVersion(text)?.failsToStartWithoutRegistries == expected)
    }

    @Test(
        "What is no version of a distribution is none",
        arguments: ["", "v1.32.4", "1.32.4+rke2r1", "v1.32+k3s1", "v1.32.4+gke.1"]
    )
    func noVersion(_ text: String) { #expect(DistributionVersion(text) == nil) }

    @Test("A chain and a ring of 100,000 servers need no deep stack")
    func large() {
        let count = 100_000
        let chain = StronglyConnected.cyclicComponents(of: Adjacency((0..<count).map { $0 == 0 ? [] : [$0 - 1] }))
        #expect(chain.isEmpty)
        let ring = StronglyConnected.cyclicComponents(of: Adjacency((0..<count).map { [($0 + 1) % count] }))
        #expect(ring.map(\.count) == [count])
    }
}
