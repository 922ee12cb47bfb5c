import KubeCore
import MirrorAPI
import MirrorAPITesting
import Testing

extension RealCluster {
    /// What the definitions refuse and fill in, asked of the server.
    ///
    /// Servers before 1.25 have no rules: they accept what breaks one, and the operator finds it when it reads.
    @Suite struct Rules {
        @Test(arguments: RuleSample.all)
        func `each rule allows one value and refuses another`(_ sample: RuleSample) async throws {
            let cluster = try await TestCluster.shared()
            let hasRules = try await cluster.abilities().hasRules
            let kind = try #require(KindSchema.all.first { $0.resource.kind == sample.kind })
            let original = try sample.original()
            let changed = try sample.objects().new
            let key = ObjectKey(name: original.name)
            let isOfStatus = sample.path.hasPrefix("status")
            var error: KubeError?
            if sample.isTransition || isOfStatus {
                let part = isOfStatus ? "status" : "spec"
                let stored = try await Self.create(kind, original, cluster)
                let same = try Self.replacement(kind, stored, part, by: original)
                let written: JSONValue = try await cluster.api.send(same)
                error = await cluster.refusal(of: try Self.replacement(kind, written, part, by: changed))
            } else {
                let allowed = try KubeRequest.create(kind.resource, namespace: nil, original, manager: "test").dry
                #expect(await cluster.refusal(of: allowed) == nil, "the original is allowed")
                let request = try KubeRequest.create(kind.resource, namespace: nil, changed, manager: "test")
                error = await cluster.refusal(of: request)
            }
            #expect(error?.isInvalid == (hasRules ? true : nil))
            if hasRules { #expect(error?.message.contains(sample.message) == true, "\(error?.message ?? "accepted")") }
            await Self.delete(kind, key, cluster)
        }

        private static func create(
            _ kind: KindSchema,
            _ object: JSONValue,
            _ cluster: TestCluster
        ) async throws -> JSONValue {
            try await cluster.api.send(.create(kind.resource, namespace: nil, object, manager: "test"))
        }

        /// The stored object written again with a part of another one.
        private static func replacement(
            _ kind: KindSchema,
            _ stored: JSONValue,
            _ part: String,
            by other: JSONValue
        ) throws -> KubeRequest {
            var object = stored
            object[part] = other[part]
            let subresource = part == "status" ? part : nil
            let key = ObjectKey(name: stored.name)
            return try .replace(kind.resource, key, subresource: subresource, object, manager: "test")
        }

        private static func delete(_ kind: KindSchema, _ key: ObjectKey, _ cluster: TestCluster) async {
            guard let request = try? KubeRequest.delete(kind.resource, key) else { return }
            let error = await cluster.refusal(of: request)
            #expect(error == nil || error?.isNotFound == true)
        }

        @Test(arguments: CRDFile.kinds)
        func `each bound of the schema is enforced`(_ plural: String) async throws {
            let kind = try #require(KindSchema.all.first { $0.resource.plural == plural })
            let cluster = try await TestCluster.shared()
            var accepted: [String] = []
            var count = 0
            for sample in try Samples.wireValues(kind) {
                let stored = try await Self.create(kind, sample, cluster)
                for mutant in Mutant.breaches(of: kind, sample) {
                    let part = mutant.path.hasPrefix("status") ? "status" : "spec"
                    let request = try Self.replacement(kind, stored, part, by: mutant.object)
                    let error = await cluster.refusal(of: request.dry)
                    count += 1
                    if error?.isInvalid != true { accepted.append("\(mutant.path): \(error?.message ?? "accepted")") }
                }
                await Self.delete(kind, ObjectKey(name: sample.name), cluster)
            }
            #expect(count > 100)
            // 1.20 does not look at the keys of lists in a status.
            let hasRules = try await cluster.abilities().hasRules
            let unchecked = ["status.conditions[1]: accepted", "status.seeds[1]: accepted"]
            #expect(accepted.filter { hasRules || !unchecked.contains($0) } == [])
        }

        @Test(arguments: CRDFile.kinds)
        func `every default is filled in and read back`(_ plural: String) async throws {
            let kind = try #require(KindSchema.all.first { $0.resource.plural == plural })
            let cluster = try await TestCluster.shared()
            var filled: Set<String> = []
            let samples = try Samples.wireValues(kind)
            // The sections of the two distributions are alike, and one mirror has one of them.
            let k3s = samples[0].setting("K3s", at: ["spec", "provider"]).setting(nil, at: ["spec", "rke2"])
                .setting(samples[0][path: "spec", "rke2"], at: ["spec", "k3s"])
            for sample in samples + (kind.resource.kind == "P2PMirror" ? [k3s] : []) {
                for depth in Defaults.Depth.allCases {
                    var object = sample
                    object["status"] = nil
                    object["spec"] = Defaults.leftOut(kind.spec, sample["spec"] ?? [:], depth)
                    let request = try KubeRequest.create(kind.resource, namespace: nil, object, manager: "test")
                    _ = try await cluster.api.answer(to: request)
                    let key = ObjectKey(name: object.name)
                    let read: JSONValue = try await cluster.api.send(.get(kind.resource, key))
                    let expected = kind.spec.completed(object["spec"] ?? [:])
                    #expect(differences(expected, read["spec"]) == [])
                    filled.formUnion(Defaults.filled(kind.spec, object["spec"] ?? [:], read["spec"] ?? [:]))
                    await Self.delete(kind, key, cluster)
                }
            }
            #expect(Defaults.paths(kind.spec).subtracting(filled).sorted() == [])
        }
    }
}

/// The defaults of a schema, by their paths.
private enum Defaults {
    /// How much an object leaves to the server.
    enum Depth: CaseIterable {
        /// All that has a default.
        case all
        /// What has a default and no parts with defaults of their own, so that those are reached.
        case leaves
    }

    static func leftOut(_ schema: FieldSchema, _ value: JSONValue, _ depth: Depth) -> JSONValue {
        switch (schema.form, value) {
        case (.object(let fields, _, _), .object(var members)):
            for (name, field) in fields {
                guard let member = members[name] else { continue }
                if field.fallback != nil, depth == .all || paths(field).isEmpty {
                    members.removeValue(forKey: name)
                } else {
                    members[name] = leftOut(field, member, depth)
                }
            }
            return .object(members)
        case (.list(let item, _, _), .array(let items)): return .array(items.map { leftOut(item, $0, depth) })
        default: return value
        }
    }

    static func paths(_ schema: FieldSchema, at path: String = "spec") -> Set<String> {
        switch schema.form {
        case .object(let fields, _, _):
            fields.reduce(into: []) { found, field in
                let path = "\(path).\(field.key)"
                if field.value.fallback != nil { found.insert(path) }
                found.formUnion(paths(field.value, at: path))
            }
        case .list(let item, _, _): paths(item, at: "\(path)[]")
        default: []
        }
    }

    /// Where the second value has a default that the first one left to the server.
    static func filled(
        _ schema: FieldSchema,
        _ sent: JSONValue?,
        _ read: JSONValue,
        at path: String = "spec"
    ) -> Set<String> {
        switch (schema.form, read) {
        case (.object(let fields, _, _), .object(let members)):
            members.reduce(into: []) { found, member in
                guard let field = fields[member.key] else { return }
                let path = "\(path).\(member.key)"
                let given = sent?[member.key]
                if given == nil, field.fallback != nil { found.insert(path) }
                found.formUnion(filled(field, given, member.value, at: path))
            }
        case (.list(let item, _, _), .array(let items)):
            items.enumerated().reduce(into: []) { found, entry in
                let given = sent?.arrayValue.flatMap { entry.offset < $0.count ? $0[entry.offset] : nil }
                found.formUnion(filled(item, given, entry.element, at: "\(path)[]"))
            }
        default: []
        }
    }
}
