import KubeCore
import MirrorAPI
import Testing

extension RealCluster {
    /// Objects, their versions and their writers.
    @Suite struct Objects {
        static func lease(_ name: String, holder: String = "a") -> Lease {
            Lease(
                metadata: ObjectMeta(name: name, namespace: TestCluster.leaseNamespace),
                spec: Lease.Spec(holderIdentity: holder, leaseTransitions: 1)
            )
        }

        static func mirror(_ name: String) -> P2PMirror {
            let nowhere = LabelSelector(matchLabels: ["p2pmirror.io/test": "nowhere"])
            return P2PMirror(metadata: ObjectMeta(name: name), spec: P2PMirrorSpec(provider: .rke2, selector: nowhere))
        }

        static func failure(_ body: () async throws(KubeError) -> Void) async -> KubeError? {
            do {
                try await body()
                return nil
            } catch {
                return error
            }
        }

        @Test func `an object is created, read, listed, replaced and deleted`() async throws {
            let api = try await TestCluster.shared().api
            let created = try await api.create(Self.lease("crud"), manager: "test")
            #expect(created.metadata.uid != nil)
            var read = try await api.get(Lease.self, created.key)
            #expect(read == created)
            read.spec?.holderIdentity = "b"
            let replaced = try await api.replace(read, manager: "test")
            #expect(replaced.spec?.holderIdentity == "b")
            #expect(replaced.metadata.resourceVersion != created.metadata.resourceVersion)
            let listed = try await api.list(Lease.self, ListOptions(namespace: TestCluster.leaseNamespace, limit: 1))
            #expect(listed.contains { $0.metadata.name == "crud" })
            try await api.delete(Lease.self, created.key)
            #expect(try await api.find(Lease.self, created.key) == nil)
        }

        @Test func `a name that is taken is refused as such`() async throws {
            let api = try await TestCluster.shared().api
            let lease = try await api.create(Self.lease("taken"), manager: "test")
            let error = await Self.failure { () throws(KubeError) in
                try await api.create(Self.lease("taken"), manager: "test")
            }
            #expect(error?.isAlreadyExists == true)
            try await api.delete(Lease.self, lease.key)
        }

        @Test func `of two writers that read the same version one is refused`() async throws {
            let api = try await TestCluster.shared().api
            let lease = try await api.create(Self.lease("cas"), manager: "test")
            var first = lease
            first.spec?.holderIdentity = "first"
            try await api.replace(first, manager: "test")
            let error = await Self.failure { () throws(KubeError) in
                var second = lease
                second.spec?.holderIdentity = "second"
                try await api.replace(second, manager: "test")
            }
            #expect(error?.isConflict == true)
            #expect(try await api.get(Lease.self, lease.key).spec?.holderIdentity == "first")
            try await api.delete(Lease.self, lease.key)
        }

        @Test func `a merge patch with an old version is refused`() async throws {
            let api = try await TestCluster.shared().api
            let lease = try await api.create(Self.lease("patch-cas"), manager: "test")
            let version = JSONValue.string(lease.metadata.resourceVersion ?? "")
            let patch: JSONValue = ["metadata": ["resourceVersion": version], "spec": ["holderIdentity": "b"]]
            try await api.patch(Lease.self, lease.key, .merge(patch))
            let error = await Self.failure { () throws(KubeError) in
                try await api.patch(
                    Lease.self,
                    lease.key,
                    .merge(["metadata": ["resourceVersion": version], "spec": ["holderIdentity": "c"]])
                )
            }
            #expect(error?.isConflict == true)
            try await api.delete(Lease.self, lease.key)
        }

        @Test func `a JSON patch whose test fails changes nothing`() async throws {
            let api = try await TestCluster.shared().api
            let lease = try await api.create(Self.lease("json-patch"), manager: "test")
            let error = await Self.failure { () throws(KubeError) in
                try await api.patch(
                    Lease.self,
                    lease.key,
                    .json([
                        .test(path: "/spec/holderIdentity", value: "somebody else"),
                        .replace(path: "/spec/holderIdentity", value: "b"),
                    ])
                )
            }
            #expect(error?.isInvalid == true)
            #expect(try await api.get(Lease.self, lease.key).spec?.holderIdentity == "a")
            try await api.delete(Lease.self, lease.key)
        }

        @Test func `a deletion with another identity as its precondition is refused`() async throws {
            let api = try await TestCluster.shared().api
            let lease = try await api.create(Self.lease("precondition"), manager: "test")
            let error = await Self.failure { () throws(KubeError) in
                try await api.delete(Lease.self, lease.key, preconditions: DeletePreconditions(uid: "another"))
            }
            #expect(error?.isConflict == true)
            try await api.delete(Lease.self, lease.key, preconditions: DeletePreconditions(uid: lease.metadata.uid))
        }

        @Test func `defaults of the schema are filled in and the generation counts changes of the specification`()
            async throws
        {
            let api = try await TestCluster.shared().api
            var mirror = try await api.create(Self.mirror("defaults"), manager: "test")
            #expect(mirror.metadata.generation == 1)
            #expect(mirror.spec.rollout.progressDeadlineSeconds == 600)
            mirror.status = P2PMirrorStatus(observedGeneration: 1)
            mirror = try await api.replace(mirror, subresource: "status", manager: "test")
            #expect(mirror.metadata.generation == 1)
            #expect(mirror.status?.observedGeneration == 1)
            mirror.spec.mode = .enforce
            mirror.status = nil
            mirror = try await api.replace(mirror, manager: "test")
            #expect(mirror.metadata.generation == 2)
            #expect(mirror.status?.observedGeneration == 1, "a write of the object leaves its status alone")
            try await api.delete(P2PMirror.self, mirror.key)
        }

        @Test func `a field that server-side apply gives up goes, and one of another manager stays`() async throws {
            let api = try await TestCluster.shared().api
            let key = ObjectKey(name: "apply")
            func intent(_ spec: JSONValue) -> JSONValue {
                [
                    "apiVersion": "p2pmirror.io/v1alpha1", "kind": "P2PMirror", "metadata": ["name": "apply"],
                    "spec": spec,
                ]
            }
            try await api.patch(
                P2PMirror.self,
                key,
                .apply(intent(["provider": "RKE2", "pauseRequests": ["one"]]), manager: "first", force: true)
            )
            try await api.patch(
                P2PMirror.self,
                key,
                .apply(intent(["provider": "RKE2", "mode": "Enforce"]), manager: "second", force: true)
            )
            let mirror = try await api.patch(
                P2PMirror.self,
                key,
                .apply(intent(["provider": "RKE2"]), manager: "first", force: true)
            )
            #expect(mirror.spec.pauseRequests.isEmpty)
            #expect(mirror.spec.mode == .enforce)
            let error = await Self.failure { () throws(KubeError) in
                try await api.patch(
                    P2PMirror.self,
                    key,
                    .apply(intent(["provider": "RKE2", "mode": "Observe"]), manager: "first", force: false)
                )
            }
            #expect(error?.isConflict == true)
            try await api.delete(P2PMirror.self, key)
        }

        @Test func `what is owned goes with its owner`() async throws {
            let api = try await TestCluster.shared().api
            let owner = try await api.create(Self.mirror("owner"), manager: "test")
            let spec = MirrorNodeSpec(
                mirrorName: "owner",
                nodeName: "gone",
                nodeUID: "1",
                provider: .rke2,
                role: .server
            )
            let metadata = ObjectMeta(name: "owner.gone", ownerReferences: [owner.controllerReference()])
            let owned = try await api.create(MirrorNode(metadata: metadata, spec: spec), manager: "test")
            try await api.delete(P2PMirror.self, owner.key)
            var rest: MirrorNode? = owned
            for _ in 0..<300 where rest != nil {
                try await Task.sleep(for: .milliseconds(200))
                rest = try await api.find(MirrorNode.self, owned.key)
            }
            #expect(rest == nil, "still there a minute after its owner went")
        }

        @Test(arguments: [
            ("an unknown provider", #"{"provider": "Foo"}"#), ("no provider", #"{}"#),
            ("a deadline of no seconds", #"{"provider": "RKE2", "rollout": {"progressDeadlineSeconds": 0}}"#),
            ("an unknown mode", #"{"provider": "RKE2", "mode": "Maybe"}"#),
        ])
        func `the schema refuses a wrong specification`(_ name: String, _ spec: String) async throws {
            let api = try await TestCluster.shared().api
            let error = await Self.failure { () throws(KubeError) in
                let object: JSONValue = [
                    "apiVersion": "p2pmirror.io/v1alpha1", "kind": "P2PMirror", "metadata": ["name": "wrong"],
                    "spec": try JSONCoding.decode(JSONValue.self, from: Array(spec.utf8)),
                ]
                let request = try KubeRequest.create(P2PMirror.resource, namespace: nil, object, manager: "test")
                _ = try await api.answer(to: request)
            }
            #expect(error?.isInvalid == true, "\(name)")
        }
    }
}
