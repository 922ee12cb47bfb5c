import KubeCore
import MirrorAPI
import MirrorSandbox
import Testing

@Suite struct FleetTests {
    @Test func `on versions that recurse a server asks the configured one, whatever it knows itself`() {
        let chain = BootstrapChain.union
        #expect(chain.next(after: [], isServer: true) == .nodeList)
        #expect(chain.next(after: [2], isServer: true) == .configuredServer)
        #expect(chain.next(after: [2, nil], isServer: true) == .myself)
        #expect(chain.next(after: [2, nil, 1], isServer: true) == nil)
    }

    @Test func `on corrected versions the first source that knows somebody ends the search`() {
        let chain = BootstrapChain.firstAnswer
        #expect(chain.next(after: [2], isServer: true) == nil)
        #expect(chain.next(after: [0], isServer: true) == .configuredServer)
        #expect(chain.next(after: [nil, nil], isServer: true) == .myself)
        #expect(chain.next(after: [], isServer: false) == .configuredServer)
        #expect(chain.next(after: [nil], isServer: false) == nil)
    }

    @Test func `a daemon publishes its arguments with its secrets masked`() throws {
        let files: [(name: String, content: [UInt8])] = [
            ("config.yaml", Array("token: \(HostFiles.joinToken)\nserver: https://127.0.0.2:9345\n".utf8)),
            ("zz.yaml", Array("server: \"\"\nembedded-registry: true\n".utf8)),
        ]
        let configuration = try DaemonConfiguration(role: .server, configuration: files, registries: nil)
        #expect(configuration.server == nil)
        #expect(configuration.embeddedRegistry)
        #expect(!configuration.hasRegistries)
        #expect(
            configuration.published
                == ["server", "--token", "********", "--server", "", "--embedded-registry", "true"]
        )
    }

    @Test func `processor time is read past a program's name with spaces and parentheses`() {
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 4 0 1000"
        #expect(ProcessFigures.processorTicks(inStat: stat) == 300)
        #expect(ProcessFigures.processorTicks(inStat: "42 (x) S 1") == nil)
    }

    @Test(arguments: [(0.0, "0.0"), (0.25, "0.3"), (99.96, "100.0"), (213.44, "213.4")])
    func `figures have one decimal`(_ value: Double, _ text: String) {
        #expect(WindowTable.rounded(value) == text)
    }

    @Test func `a ring is drawn as a ring and a star as a tree`() {
        let names = ["s1", "s2", "s3"]
        let ring = FleetDrawing.text(names, asked: ["s1": "s3", "s3": "s2", "s2": "s1"])
        #expect(ring.contains("s1 ──▶ s3 ──▶ s2"))
        #expect(FleetDrawing.text(names, asked: ["s2": "s1", "s3": "s1"]) == "s1\n├── s2\n└── s3")
        #expect(FleetDrawing.text(names, asked: ["s1": "s1"]).contains("itself"))
        #expect(FleetDrawing.text(names, asked: [:]) == "s1\ns2\ns3")
    }
}
