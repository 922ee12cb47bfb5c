import KubeCore
import MirrorAPI
import MirrorPlanner
import Testing

@Suite("The configuration directory is read as the distribution reads it")
struct ConfigDirectoryTests {
    private func merged(_ files: (String, String)...) throws -> MergedConfiguration {
        try ConfigDirectory.merge(files.map { (name: $0.0, content: Array($0.1.utf8)) })
    }

    @Test(
        "the last value of a key wins, lists are replaced, key+ appends, and keys keep the order of their first sight"
    )
    func mergesAsTheDistribution() throws {
        let merged = try merged(
            (
                "config.yaml",
                """
                foo-bar: baz
                a-slice:
                - 1
                - "1.5"
                - "2"
                - ""
                - three
                isempty:
                c: b
                isfalse: false
                islast: true
                b-string: one
                c-slice:
                - one
                - two
                d-slice:
                - one
                - two
                f-string: beta
                e-slice: [one, two]
                """
            ),
            (
                "01.yml",
                """
                foo-bar: get-overriden
                a-slice+: four
                d-slice: [three]
                f-string+: "gamma"
                """
            ),
            (
                "02.YAML",
                """
                foo-bar: bar-foo
                c-slice+:
                - three
                d-slice+: [four]
                e-slice+:
                late: 1_000
                """
            )
        )
        #expect(
            merged.arguments == [
                "--foo-bar=bar-foo", "--a-slice=1", "--a-slice=1.5", "--a-slice=2", "--a-slice=", "--a-slice=three",
                "--a-slice=four", "--isempty=", "-c=b", "--isfalse=false", "--islast=true", "--b-string=one",
                "--c-slice=one", "--c-slice=two", "--c-slice=three", "--d-slice=three", "--d-slice=four",
                "--f-string=beta", "--f-string=gamma", "--e-slice=one", "--e-slice=two", "--late=1000",
            ]
        )
        #expect(merged.source(of: "foo-bar") == "02.YAML")
        #expect(merged.source(of: "f-string") == "01.yml")
        #expect(merged.value(of: "f-string") == "gamma")
        #expect(merged.isOn("islast") && !merged.isOn("isfalse") && !merged.isOn("absent"))
    }

    @Test("only .yaml and .yml count, in any case, in the order of their bytes")
    func choosesDropIns() {
        let names = [
            "zz-p2pmirror.yaml", "50-rancher.yaml", "B.YML", "a.Yaml", "notes.txt", ".yaml", "x.yaml.bak", "10.yml",
        ]
        #expect(
            ConfigDirectory.dropIns(among: names) == [
                ".yaml", "10.yml", "50-rancher.yaml", "B.YML", "a.Yaml", "zz-p2pmirror.yaml",
            ]
        )
    }

    @Test(
        "an empty server is no server, and the last one counts",
        arguments: [
            ("", nil), ("server:", nil), ("server: ''", nil), ("server: null", nil), ("token: x", nil),
            ("# nothing", nil),
            ("server: https://a:9345", "https://a:9345"), ("s: https://b:9345", "https://b:9345"),
            ("server: ' https://c:9345 '", "https://c:9345"), ("server: [https://a:1, https://b:2]", "https://b:2"),
            ("\"server\": https://q:9345\ntoken: x", "https://q:9345"),
            ("{server: 'https://f:1', a: b}", "https://f:1"),
        ] as [(String, String?)]
    )
    func findsTheServer(text: String, server: String?) throws {
        #expect(try merged(("config.yaml", text)).effectiveServer == server)
    }

    @Test("a drop-in takes the server away")
    func clearsTheServer() throws {
        let merged = try merged(("config.yaml", "server: https://a:9345\ntls-san: z"), ("zz.yaml", "server: \"\""))
        #expect(merged.effectiveServer == nil)
        #expect(merged.arguments == ["--server=", "--tls-san=z"])
        #expect(merged.source(of: "server") == "zz.yaml")
    }

    @Test(
        "what the distribution would not start with is an error that names the file",
        arguments: ["- a\n- b", "a: [", "just text", "a: b: c"]
    )
    func namesTheFile(text: String) {
        let error = #expect(throws: KubeError.self) { try merged(("50-x.yaml", text)) }
        #expect(error?.code == .decoding)
        #expect(error?.message.hasPrefix("50-x.yaml: ") == true)
    }
}

@Suite("Our drop-in")
struct DropInTests {
    private func render(_ settings: DropIn.Settings) throws -> String {
        String(
            decoding: try DropIn.render(settings, distribution: .rke2, mirror: "embedded", unit: "rke2-server.service"),
            as: UTF8.self
        )
    }

    @Test(
        "it is read back as the setting that it was written for",
        arguments: [
            DropIn.Settings(server: ServerSetting(action: .clear)),
            DropIn.Settings(server: ServerSetting(action: .point, url: "https://10.0.0.1:9345")),
            DropIn.Settings(server: ServerSetting(action: .point, url: "https://[fd00::1]:9345"), debug: true),
            DropIn.Settings(debug: true),
        ]
    )
    func roundTrips(settings: DropIn.Settings) throws {
        let text = try render(settings)
        #expect(DropIn.settings(in: Array(text.utf8)) == settings)
        #expect(settings.debug == text.contains("\ndebug: true\n"))
        #expect(text.hasPrefix("# Written by p2pmirror for the P2PMirror \"embedded\": "))
        #expect(text.contains("rm /etc/rancher/rke2/config.yaml.d/zz-p2pmirror.yaml"))
        #expect(text.contains("systemctl restart rke2-server.service"))
        #expect(text.hasSuffix("\n") && !text.hasSuffix("\n\n"))
    }

    @Test("a setting is recognised whatever the comment and the quoting")
    func comparesByEffect() {
        #expect(DropIn.settings(in: Array("# other\nserver:   'https://a:1'\n".utf8))?.server?.url == "https://a:1")
        #expect(DropIn.settings(in: Array("server:\n".utf8))?.server == ServerSetting(action: .clear))
    }

    @Test(
        "what holds anything else is not ours",
        arguments: [
            "", "a: b", "server: x\ntoken: y", "server: [a, b]", "- x", "debug: false", "server: x\ndebug: false",
        ]
    )
    func knowsForeignFiles(text: String) {
        #expect(DropIn.settings(in: Array(text.utf8)) == nil)
    }

    @Test("a Point without a URL is an error, and so are settings without effect")
    func needsTheURL() {
        #expect(throws: KubeError.self) { try render(DropIn.Settings(server: ServerSetting(action: .point))) }
        #expect(throws: KubeError.self) { try render(DropIn.Settings()) }
    }

    @Test("a file of the release before, with a comment of its own, is the same setting")
    func readsThePreviousRelease() {
        let text = "# Written by p2pmirror for the P2PMirror \"a\": another wording.\nserver: \"\"\n"
        #expect(
            DropIn.settings(in: Array(text.utf8)) == DropIn.Settings(server: ServerSetting(action: .clear))
        )
    }
}
