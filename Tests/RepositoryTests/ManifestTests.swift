import KubeCore
import Testing

@Suite("Manifests")
struct ManifestTests {
    private static func documents(under folder: String) throws -> [JSONValue] {
        try Checkout.files(under: folder, ".yaml").flatMap { try YAMLCoding.documents($0.text) }
    }

    private static func base(_ kinds: String...) throws -> [JSONValue] {
        try documents(under: "manifests/base").filter { kinds.contains($0["kind"]?.stringValue ?? "") }
    }

    /// What the base has, and what the overlays add to it.
    private static func everywhere(_ kinds: String...) throws -> [JSONValue] {
        try documents(under: "manifests").filter { kinds.contains($0["kind"]?.stringValue ?? "") }
    }

    private static func title(_ object: JSONValue) -> String {
        "\(object["kind"]?.stringValue ?? "") \(object[path: "metadata", "name"]?.stringValue ?? "")"
    }

    @Test("Roles grant what the table says and nothing else")
    func rolesEqualTable() throws {
        let roles = try Self.everywhere("ClusterRole", "Role")
        let granted = Dictionary(uniqueKeysWithValues: roles.map { (Self.title($0), ManifestRules.lines(of: $0)) })
        #expect(granted == ManifestRules.granted)
        #expect(roles.flatMap(ManifestRules.faults(inRole:)) == [])
    }

    @Test("Each binding leads from a role that exists to an account that exists")
    func bindingsResolve() throws {
        let roles = Set(try Self.everywhere("ClusterRole", "Role").map(Self.title))
        let accounts = Set(try Self.base("ServiceAccount").map(Self.title))
        let bindings = try Self.everywhere("ClusterRoleBinding", "RoleBinding")
        #expect(bindings.count == roles.count)
        for binding in bindings {
            let role = binding["roleRef"] ?? .null
            #expect(roles.contains("\(role["kind"]?.stringValue ?? "") \(role["name"]?.stringValue ?? "")"))
            for subject in binding["subjects"]?.arrayValue ?? [] {
                #expect(accounts.contains("ServiceAccount \(subject["name"]?.stringValue ?? "")"))
            }
        }
        let workloads = try Self.base("Deployment", "DaemonSet")
        for workload in workloads {
            let account = workload[path: "spec", "template", "spec", "serviceAccountName"]?.stringValue ?? ""
            #expect(accounts.contains("ServiceAccount \(account)"))
        }
    }

    @Test("Workloads have no privilege in the base, and mount what they need")
    func workloadsAreRestricted() throws {
        let workloads = try Self.base("Deployment", "DaemonSet")
        #expect(workloads.map(Self.title) == ["DaemonSet p2pmirror-agent", "Deployment p2pmirror-operator"])
        #expect(workloads.flatMap(ManifestRules.faults(inWorkload:)) == [])
        #expect(
            workloads.flatMap(ManifestRules.hostPaths) == [
                "/etc/rancher", "/etc/p2pmirror", "/var/lib/rancher", "/etc/containerd", "/var/lib/containerd",
                "/sys/fs/cgroup", "/proc", "/sys/class/net",
                "/sys/devices", "/var/lib/p2pmirror rw",
            ]
        )
        #expect(workloads.allSatisfy { $0[path: "spec", "template", "spec", "hostPID"] == nil })
    }

    @Test("Each component makes writable what it says, and nothing else")
    func componentsMakeWritable() throws {
        for (component, expected) in [
            ("spegel-repair", ["/host/etc/containerd"]),
            ("restart", ["/host/etc/rancher", "/host/etc/containerd"]),
        ] {
            let patches = try Self.documents(under: "manifests/components/\(component)").filter {
                $0["kind"] == "DaemonSet"
            }
            let mounts = patches.flatMap { patch in
                let pod = patch[path: "spec", "template", "spec"] ?? .null
                return (pod["containers"]?.arrayValue ?? []).flatMap { $0["volumeMounts"]?.arrayValue ?? [] }
            }
            #expect(mounts.compactMap { $0["mountPath"]?.stringValue } == expected)
            #expect(mounts.allSatisfy { $0["readOnly"] == false })
        }
    }

    @Test("The policy is about every pod of ours, and about the port that they serve")
    func policyMeetsPods() throws {
        let policies = try Self.documents(under: "manifests/components/network-policy").filter {
            $0["kind"] == "NetworkPolicy"
        }
        let policy = try #require(policies.count == 1 ? policies.first?["spec"] : nil)
        let selector = policy[path: "podSelector", "matchExpressions"]?.arrayValue?.first
        let selected = Set((selector?["values"]?.arrayValue ?? []).compactMap(\.stringValue))
        let ports = policy["ingress"]?.arrayValue?.first?["ports"]?.arrayValue?.compactMap { $0["port"]?.stringValue }
        for workload in try Self.base("Deployment", "DaemonSet") {
            let labels = workload[path: "spec", "template", "metadata", "labels"] ?? .null
            #expect(selected.contains(labels["app.kubernetes.io/name"]?.stringValue ?? ""))
            let pod = workload[path: "spec", "template", "spec"] ?? .null
            // A pod with the network of its host is beyond every policy.
            #expect(pod["hostNetwork"] == nil)
            let containers = pod["containers"]?.arrayValue ?? []
            let names = containers.flatMap { $0["ports"]?.arrayValue ?? [] }.compactMap { $0["name"]?.stringValue }
            #expect(names == ports)
        }
    }

    @Test("Only one component gives the permission to restart a service")
    func onlyTheComponentIsPrivileged() throws {
        let files = try Checkout.files(under: "manifests", ".yaml")
        let privileged = files.filter { file in
            file.lines.contains { $0.contains("privileged: true") || $0.contains("hostPID: true") }
        }
        #expect(privileged.map(\.path) == ["manifests/components/restart/agent-restart.yaml"])
    }

    @Test("Agents may restart services with that component alone, and run with the same arguments otherwise")
    func onlyTheComponentRestarts() throws {
        let arguments = { (object: JSONValue?) in
            let pod = object?[path: "spec", "template", "spec"] ?? .null
            let container = pod["containers"]?.arrayValue?.first
            return (container?["args"]?.arrayValue ?? []).compactMap(\.stringValue)
        }
        let base = arguments(try Self.base("DaemonSet").first)
        let component = arguments(
            try Self.documents(under: "manifests/components/restart").first { $0["kind"] == "DaemonSet" }
        )
        #expect(base.last == "--no-restart")
        #expect(component == base.dropLast() + ["--restart"])
        let command = try Checkout.file("Sources/MirrorCommands/AgentCommand.swift").text
        #expect(command.contains("@Flag(inversion: .prefixedNo"))
        #expect(command.contains("var restart = false"))
    }

    @Test("Names in the manifests are those of the code")
    func namesEqualCode() throws {
        let operatorCode = try Checkout.sources().filter { $0.target == "MirrorOperator" }
        #expect(operatorCode.contains { $0.text.contains("name: \"p2pmirror-operator\"") })
        let group = try Checkout.file("Sources/MirrorAPI/Group.swift").text
        #expect(group.contains("enum DisruptionLease {\n    package static let name = \"p2pmirror-disruption\""))
        let containers = try Self.base("Deployment", "DaemonSet").compactMap {
            $0[path: "spec", "template", "spec"]?["containers"]?.arrayValue?.first
        }
        let verbs = containers.compactMap { $0["args"]?.arrayValue?.first?.stringValue }
        #expect(verbs == ["agent", "operator"])
    }

    @Test("Files that kustomize names exist, and no file is left out")
    func kustomizationsAreComplete() throws {
        let kustomizations = try Checkout.files(under: "manifests", "kustomization.yaml")
        #expect(kustomizations.count == 11)
        for kustomization in kustomizations {
            let folder = String(kustomization.path.dropLast("/kustomization.yaml".count))
            let kustomization = try #require(YAMLCoding.documents(kustomization.text).first)
            let resources = (kustomization["resources"]?.arrayValue ?? []).compactMap(\.stringValue)
            let patches = (kustomization["patches"]?.arrayValue ?? []).compactMap { $0["path"]?.stringValue }
            let named = Set((resources + patches).filter { $0.hasSuffix(".yaml") } + ["kustomization.yaml"])
            let present = try Checkout.files(under: folder, ".yaml").map { String($0.path.dropFirst(folder.count + 1)) }
            #expect(named == Set(present))
        }
    }

    @Test("There is an overlay for each set of components that is of use, over the base")
    func overlaysCombineComponents() throws {
        let overlays = try Checkout.files(under: "manifests/overlays", "kustomization.yaml").map { file in
            let kustomization = try #require(YAMLCoding.documents(file.text).first)
            #expect(kustomization["resources"] == ["../../base"])
            let components = (kustomization["components"]?.arrayValue ?? []).compactMap(\.stringValue)
            return components.map { String($0.dropFirst("../../components/".count)) }.sorted()
        }
        let expected: Set = [
            ["restart"], ["spegel"], ["spegel", "spegel-repair"], ["restart", "spegel"], ["dragonfly"],
        ]
        #expect(Set(overlays) == expected)
    }

    @Test(
        "A permission too much is found",
        arguments: [
            (["apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]], "Secrets"),
            (["apiGroups": [""], "resources": ["pods"], "verbs": ["*"]], "a wildcard"),
            (
                ["apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["update"]],
                "Leases without a name"
            ),
            (
                ["apiGroups": [""], "resources": ["nodes"], "verbs": ["list", "get"]],
                "verbs are not in alphabetical order: [\"list\", \"get\"]"
            ),
        ] as [(JSONValue, String)]
    )
    func plantedPermissionIsFound(rule: JSONValue, fault: String) {
        #expect(ManifestRules.faults(inRole: ["rules": [rule]]) == [fault])
    }

    @Test("A privileged container is found")
    func plantedPrivilegeIsFound() throws {
        var agent = try #require(Self.base("DaemonSet").first)
        var pod = agent[path: "spec", "template", "spec"] ?? .null
        var container = pod["containers"]?.arrayValue?.first ?? .null
        container["securityContext"]?["privileged"] = true
        container["livenessProbe"] = nil
        pod["containers"] = [container]
        agent["spec"]?["template"]?["spec"] = pod
        #expect(ManifestRules.faults(inWorkload: agent) == ["privileges", "no /healthz"])
    }
}
