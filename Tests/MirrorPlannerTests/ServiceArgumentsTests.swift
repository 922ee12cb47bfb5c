import MirrorPlanner
import Testing

@Suite("The arguments of a running service")
struct ServiceArgumentsTests {
    private static func read(_ elements: [String]) -> ServiceArguments? {
        ServiceArguments(json: "[\(elements.map { "\"\($0)\"" }.joined(separator: ","))]")
    }

    @Test(
        "A switch is read alike from the arguments and from a file, in each form that Go takes for a boolean",
        arguments: [
            ("true", true), ("1", true), ("t", true), ("T", true), ("TRUE", true), ("True", true), ("false", false),
            ("0", false), ("f", false), ("F", false), ("FALSE", false), ("False", false), ("yes", false),
            ("tRUE", false),
        ]
    )
    func switches(text: String, isOn: Bool) throws {
        for elements in [["server", "--debug=\(text)"], ["server", "-debug=\(text)"]] {
            #expect(Self.read(elements)?.flags.last?.isOn == isOn)
            let annotations = ["rke2.io/node-args": "[\"server\",\"\(elements[1])\"]"]
            #expect(try NodeArguments(annotations: annotations, distribution: .rke2).enablesDebug == isOn)
        }
        let merged = try ConfigDirectory.merge([("config.yaml", Array("debug: \"\(text)\"".utf8))])
        #expect(merged.isOn("debug") == isOn)
    }

    @Test("k3s splits a flag of a file in two, and a switch that stands alone is on")
    func split() {
        let arguments = Self.read([
            "server", "--server", "https://a:9345", "--debug", "--data-dir", "/d", "--debug", "no",
        ])
        #expect(arguments?.value("server", "s") == "https://a:9345")
        #expect(arguments?.value("data-dir", "d") == "/d")
        #expect(arguments?.flags.filter { $0.name == "debug" }.map(\.isOn) == [true, true])
        #expect(Self.read(["server", "--debug", "false"])?.flags.map(\.isOn) == [false])
    }

    @Test("What stands before the subcommand is no value of it, and counts all the same")
    func global() throws {
        let annotations = ["k3s.io/node-args": #"["--debug","server","--disable-etcd"]"#]
        let arguments = try NodeArguments(annotations: annotations, distribution: .k3s)
        #expect(arguments.enablesDebug && arguments.disablesEtcd)
        #expect(Self.read(["--debug", "server", "-s", "x"])?.flags.map(\.name) == ["s"])
    }

    @Test("A value may begin with a dash where a file says so, and only there")
    func dashes() {
        let text = #"["server","--kubelet-arg","--v=2","--debug"]"#
        #expect(ServiceArguments(json: text)?.flags.map(\.name) == ["kubelet-arg", "v", "debug"])
        let told = ServiceArguments(json: text) { element, flag in flag == "kubelet-arg" && element == "--v=2" }
        #expect(told?.value("kubelet-arg") == "--v=2")
        #expect(told?.flags.map(\.name) == ["kubelet-arg", "debug"])
    }

    @Test("What is no array of strings says nothing", arguments: ["", "{}", "[1]", "[\"a\"", "null"])
    func unreadable(text: String) {
        #expect(ServiceArguments(json: text) == nil)
    }
}
