import KubeCore
import MirrorAgent
import MirrorPlanner
import Testing

@Suite("What a restart would change")
struct RunningArgumentsTests {
    struct Case: Sendable {
        var arguments: String
        var files: String
        var pending: [String]
        var ignored: Set<String> = []
    }

    @Test(
        "keys are pending that the files hold otherwise than the running service",
        arguments: [
            Case(arguments: #"["server","--a","1","--b","2"]"#, files: "a: 1\nb: 2", pending: []),
            Case(arguments: #"["server","--a","1"]"#, files: "a1: 1", pending: ["a1"]),
            Case(arguments: #"["server","--tls-san","x","--tls-san","z"]"#, files: "tls-san: [x, z]", pending: []),
            Case(
                arguments: #"["server","--tls-san","x","--tls-san","z"]"#,
                files: "tls-san: [z, x]",
                pending: ["tls-san"]
            ),
            // The command line comes after the files: it adds to lists and overrides the rest, and is no change.
            Case(arguments: #"["server","--aa","1","--debug","--aa","2"]"#, files: "aa: 1", pending: []),
            Case(arguments: #"["--debug","server","--aa","1"]"#, files: "aa: 1", pending: []),
            // A key that only the service has, before one of a file, was in a file at its start.
            Case(arguments: #"["server","--gone","1","--aa","2"]"#, files: "aa: 2", pending: ["gone"]),
            Case(arguments: #"["server","--aa","2","--cli","1"]"#, files: "aa: 2", pending: []),
            Case(arguments: #"["server","--token","********"]"#, files: "token: secret", pending: []),
            Case(arguments: #"["server","-t=secret"]"#, files: "t: other", pending: []),
            Case(arguments: #"["server"]"#, files: "token: secret", pending: ["token"]),
            Case(arguments: #"["server","--kubelet-arg","--v=2"]"#, files: "kubelet-arg: --v=2", pending: []),
            Case(
                arguments: #"["server","--kubelet-arg","-v=3"]"#,
                files: "kubelet-arg: [-v=2]",
                pending: ["kubelet-arg"]
            ),
            Case(arguments: #"["server","--embedded-registry","true"]"#, files: "embedded-registry: true", pending: []),
            Case(
                arguments: #"["server","--server","https://b:1"]"#,
                files: "server: https://a:1",
                pending: [],
                ignored: ["server"]
            ),
            Case(arguments: #"["server","--server","https://b:1"]"#, files: "server: https://a:1", pending: ["server"]),
        ]
    )
    func findsPendingKeys(case: Case) throws {
        let annotations = [RancherDistribution.rke2.argumentsAnnotation: `case`.arguments]
        let node = Node(metadata: ObjectMeta(name: "n", annotations: annotations))
        let running = try #require(RunningArguments(node: node, distribution: .rke2))
        let merged = try ConfigDirectory.merge([("config.yaml", Array(`case`.files.utf8))])
        #expect(running.pendingChanges(merged, ignoring: `case`.ignored) == `case`.pending)
    }

    @Test("a Node without arguments says nothing", arguments: [nil, "", "{}", "[1]"])
    func saysNothing(arguments: String?) {
        let annotations = arguments.map { [RancherDistribution.rke2.argumentsAnnotation: $0] } ?? [:]
        let node = Node(metadata: ObjectMeta(name: "n", annotations: annotations))
        #expect(RunningArguments(node: node, distribution: .rke2) == nil)
    }

    @Test("a mirror's name is a directory's only where it can be no path", arguments: ["a", "embedded", "m-1.x", "0"])
    func acceptsNames(name: String) { #expect(AgentPath.isSafe(mirror: name)) }

    @Test("and no other", arguments: ["", ".", "..", "../x", "a/b", ".hidden", "A", "x y", "x\0"])
    func refusesNames(name: String) { #expect(!AgentPath.isSafe(mirror: name)) }
}
