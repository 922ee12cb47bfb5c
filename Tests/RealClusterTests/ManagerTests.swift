import KubeCore
import MirrorAPI
import Testing

extension RealCluster {
    /// Server-side apply by several managers, and the status apart from the specification.
    @Suite struct Managers {
        private static let key = ObjectKey(name: "managed")

        private static func intent(_ parts: JSONValue) -> JSONValue {
            var object = parts
            object["apiVersion"] = .string(P2PMirror.resource.apiVersion)
            object["kind"] = "P2PMirror"
            object["metadata"] = ["name": .string(key.name)]
            return object
        }

        private static func condition(_ type: String) -> JSONValue {
            [
                "type": .string(type), "status": "True", "reason": "Test", "message": "test",
                "lastTransitionTime": "2026-01-31T12:00:00Z",
            ]
        }

        private static func apply(
            _ parts: JSONValue,
            by manager: String,
            to subresource: String? = nil,
            force: Bool = false
        ) async throws -> JSONValue {
            let patch = Patch.apply(intent(parts), manager: manager, force: force)
            let api = try await TestCluster.shared().api
            return try await api.send(.patch(P2PMirror.resource, key, subresource: subresource, patch))
        }

        private static func types(_ object: JSONValue) -> [String] {
            (object[path: "status", "conditions"]?.arrayValue ?? []).compactMap { $0["type"]?.stringValue }.sorted()
        }

        private static func withMirror(_ body: () async throws -> Void) async throws {
            let api = try await TestCluster.shared().api
            _ = try await apply(["spec": ["provider": "RKE2", "mode": "Observe"]], by: "person")
            try await body()
            try await api.delete(P2PMirror.self, key)
        }

        @Test func `of a list with keys each manager owns its items alone`() async throws {
            try await Self.withMirror {
                _ = try await Self.apply(
                    ["status": ["conditions": [Self.condition("One")]]],
                    by: "first",
                    to: "status"
                )
                let second: JSONValue = ["status": ["conditions": [Self.condition("Two")]]]
                guard try await TestCluster.shared().abilities().hasRules else {
                    // 1.20 makes no model of a schema with anyOf, which a number or a percentage needs, and without
                    // one each list is a single field.
                    let error = await #expect(throws: KubeError.self) {
                        _ = try await Self.apply(second, by: "second", to: "status")
                    }
                    #expect(error?.isConflict == true)
                    return
                }
                let both = try await Self.apply(second, by: "second", to: "status")
                #expect(Self.types(both) == ["One", "Two"])
                let rest = try await Self.apply(["status": ["conditions": []]], by: "first", to: "status")
                #expect(Self.types(rest) == ["Two"])
            }
        }

        @Test func `a write of the status leaves the specification alone, and the other way round`() async throws {
            try await Self.withMirror {
                let parts: JSONValue = [
                    "spec": ["provider": "RKE2", "mode": "Enforce"], "status": ["conditions": [Self.condition("One")]],
                ]
                // Before 1.22 a field has one owner for all subresources.
                let written = try await Self.apply(parts, by: "operator", to: "status", force: true)
                #expect(written[path: "spec", "mode"] == "Observe")
                #expect(Self.types(written) == ["One"])
                #expect(written[path: "metadata", "generation"] == 1)
                let changed = try await Self.apply(
                    ["spec": ["provider": "RKE2", "mode": "Enforce"], "status": ["conditions": []]],
                    by: "person",
                    force: true
                )
                #expect(changed[path: "spec", "mode"] == "Enforce")
                #expect(Self.types(changed) == ["One"], "the status is not the person's to take away")
                #expect(changed[path: "metadata", "generation"] == 2)
            }
        }

        @Test func `a field of another manager is refused by name unless it is forced`() async throws {
            try await Self.withMirror {
                let wanted: JSONValue = ["spec": ["provider": "RKE2", "mode": "Enforce"]]
                let error = await #expect(throws: KubeError.self) {
                    _ = try await Self.apply(wanted, by: "another")
                }
                #expect(error?.isConflict == true)
                #expect(error?.message.contains("person") == true && error?.message.contains(".spec.mode") == true)
                let forced = try await Self.apply(wanted, by: "another", force: true)
                #expect(forced[path: "spec", "mode"] == "Enforce")
            }
        }
    }
}
