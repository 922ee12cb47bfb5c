import KubeCore
import MirrorAPI
import MirrorAPITesting
import MirrorSandbox
import Testing

/// The definitions on the embedded server, which reads and evaluates their rules as kube-apiserver does.
@Suite("The rules of the definitions on an API server")
struct ServerRulesTests {
    @Test("The definitions are taken", arguments: CRDFile.kinds)
    func definitionsAreTaken(plural: String) async throws {
        #expect(try await DefinitionServer().define(CRDFile(plural).value) == nil)
        #expect(try await DefinitionServer().define(CRDFile(plural, withoutCEL: true).value) == nil)
    }

    @Test("A definition with a fault that kube-apiserver refuses is refused", arguments: PlantedFault.all)
    func plantedFaultIsRefused(fault: PlantedFault) async throws {
        let definition = try fault.planted(in: CRDFile("p2pmirrors").value)
        let refusal = try #require(try await DefinitionServer().define(definition), "\(fault) is taken")
        #expect(refusal.httpStatus == 422)
        let message = refusal.message
        // An error's message is one line, whatever the server's is.
        let expected = fault.messages.map { $0.split(separator: "\n").joined(separator: " ") }
        #expect(expected.filter { !message.contains($0) } == [], "\(message)")
    }

    /// Per evaluation, as kube-apiserver 1.36 estimates them for these definitions.
    private static let costs: [String: UInt64] = [
        "self.all(x, self.exists_one(y, x == y))": 27_234,
        "[has(self.httpGet), has(self.tcpSocket), has(self.grpc)].filter(x, x).size() == 1": 68,
        "!(self.operator in ['In', 'NotIn']) || (has(self.values) && size(self.values) > 0)": 20,
        "self.operator in ['In', 'NotIn'] || !has(self.values) || size(self.values) == 0": 20,
        "!(self.phase in ['Failed', 'Refused']) || (has(self.reason) && has(self.message))": 17,
        "self.start != self.end": 6,
        "!has(self.rke2) || self.provider == 'RKE2'": 5,
        "has(self.spegel) == (self.provider == 'Spegel')": 5,
        "self.readmitBelowPercent <= self.evictAtPercent": 5,
        "self.progressDeadlineSeconds > self.minReadySeconds": 5,
        "self.action != 'Point' || has(self.url)": 4,
        "has(self.install) != has(self.adopt)": 3,
        """
        !has(oldSelf.approval) || !has(self.approval) || self.approval == oldSelf.approval || \
        self.approval.revision != oldSelf.approval.revision || self.approval.epoch != oldSelf.approval.epoch
        """: 46,
        """
        has(self.__namespace__) == has(oldSelf.__namespace__) && (!has(self.__namespace__) || \
        self.__namespace__ == oldSelf.__namespace__)
        """: 35,
    ]

    @Test("The rules' estimated cost is kube-apiserver's, and far from its bound")
    func costIsKnown() throws {
        let estimates = try CRDFile.kinds.flatMap { RuleEstimate.all(inSchema: try CRDFile($0).schema) }
        let known = estimates.filter { Self.costs[$0.text] != nil }
        #expect(Set(known.map(\.text)).count == Self.costs.count)
        for estimate in known { #expect(estimate.cost == Self.costs[estimate.text], "\(estimate.text)") }
        #expect(estimates.map(\.total).max() ?? .max < 1_000_000)
    }

    @Test("What breaks a rule is refused with the rule's message and its field", arguments: RuleSample.all)
    func rulesAreEvaluated(sample: RuleSample) async throws {
        let server = try await DefinitionServer.complete()
        let (new, old) = try sample.objects()
        if let old { #expect(try await server.put(old) == nil) }
        let refusal = try #require(try await server.put(new), "\(new) is taken")
        #expect(refusal.httpStatus == 422)
        #expect(refusal.message.contains("\(sample.path): "))
        #expect(refusal.message.contains(sample.message))
    }

    @Test(
        "Server and operator agree on every sample and on every value just outside a bound",
        arguments: KindSchema.all
    )
    func verdictsAgree(kind: KindSchema) async throws {
        let server = try await DefinitionServer.complete()
        let samples = try Samples.wireValues(kind)
        let mutants = samples.flatMap { Mutant.breaches(of: kind, $0) + Mutant.removals(of: kind, $0) }.map(\.object)
        #expect(mutants.count > 200)
        for object in samples + mutants {
            let isTaken = try await server.rehearse(object) == nil
            let violations = kind.violations(of: object)
            #expect(isTaken == violations.isEmpty, "\(isTaken) \(violations): \(object)")
        }
    }
}

/// A fault put into the definition of P2PMirrors, and what kube-apiserver 1.36 says of it.
struct PlantedFault: CustomTestStringConvertible {
    var testDescription: String
    /// The value that is set, by the path from the schema; nil is removed.
    var path: [String]
    var value: JSONValue?
    var messages: [String]

    func planted(in definition: JSONValue) -> JSONValue {
        var definition = definition
        var version = definition["spec"]?["versions"]?.arrayValue?.first ?? .null
        let schema = version["schema"]?["openAPIV3Schema"] ?? .null
        version["schema"] = ["openAPIV3Schema": Self.setting(value, at: path[...], in: schema)]
        definition["spec"]?["versions"] = [version]
        return definition
    }

    private static func setting(_ value: JSONValue?, at path: ArraySlice<String>, in schema: JSONValue) -> JSONValue {
        guard let name = path.first else { return value ?? .null }
        var schema = schema
        let rest = path.dropFirst()
        schema[name] = rest.isEmpty ? value : setting(value, at: rest, in: schema[name] ?? [:])
        return schema
    }

    private static func spec(_ fields: String...) -> [String] {
        (["spec"] + fields).flatMap { ["properties", $0] }
    }

    private static func rules(_ texts: String...) -> JSONValue {
        .array(texts.map { ["rule": .string($0), "message": "wrong"] })
    }

    private static let rules = "x-kubernetes-validations"
    private static let start = "spec.validation.openAPIV3Schema.properties[spec]"

    static let all = [
        PlantedFault(
            testDescription: "a default that breaks a rule as it stands, in health.disk",
            path: spec("health", "disk") + ["default"],
            value: [:],
            messages: [
                "\(start).properties[health].properties[disk].default: Invalid value: \"object\": no such key: "
                    + "readmitBelowPercent evaluating rule: readmitBelowPercent must not be greater than evictAtPercent"
            ]
        ),
        PlantedFault(
            testDescription: "a default that breaks a rule as it stands, in rollout",
            path: spec("rollout") + ["default"],
            value: [:],
            messages: [
                "\(start).properties[rollout].default: Invalid value: \"object\": no such key: progressDeadlineSeconds "
                    + "evaluating rule: progressDeadlineSeconds must be greater than minReadySeconds"
            ]
        ),
        PlantedFault(
            testDescription: "a default of another type",
            path: spec("rollout", "minReadySeconds") + ["default"],
            value: "30",
            messages: [
                "\(start).properties[rollout].properties[minReadySeconds].default: Invalid value: \"string\": must be "
                    + "of type integer: \"string\""
            ]
        ),
        PlantedFault(
            testDescription: "a field whose name is a reserved word, whose size nobody knows then",
            path: spec() + [rules],
            value: rules("has(self.namespace) == has(oldSelf.namespace) && self.namespace == oldSelf.namespace"),
            messages: [
                "\(start).x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of "
                    + "more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength "
                    + "where arrays, maps, and strings are declared)",
                "spec.validation.openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for "
                    + "entire OpenAPIv3 schema exceeds budget by factor of more than 100x",
            ]
        ),
        PlantedFault(
            testDescription: "a reserved word",
            path: spec() + [rules],
            value: rules("namespace == 'a'"),
            messages: [
                "compilation failed: ERROR: <input>:1:1: reserved identifier: namespace\n | namespace == 'a'\n | ^"
            ]
        ),
        PlantedFault(
            testDescription: "a list without a bound below a rule that compares its entries",
            path: spec("topology", "preferredRoots") + ["maxItems"],
            value: nil,
            messages: [
                "\(start).properties[topology].properties[preferredRoots].x-kubernetes-validations[0].rule: Forbidden: "
                    + "estimated rule cost exceeds budget by factor of more than 100x"
            ]
        ),
        PlantedFault(
            testDescription: "a field that is not there",
            path: spec("rollout") + [rules],
            value: rules("self.minReady > 0"),
            messages: [
                "compilation failed: ERROR: <input>:1:5: undefined field 'minReady'\n | self.minReady > 0\n | ....^"
            ]
        ),
        PlantedFault(
            testDescription: "a comparison of two types",
            path: spec("rollout") + [rules],
            value: rules("self.minReadySeconds == '30'"),
            messages: ["found no matching overload for '_==_' applied to '(int, string)'"]
        ),
        PlantedFault(
            testDescription: "a change asked of an entry that nothing tells from those before",
            path: spec("topology", "preferredRoots") + ["items", rules],
            value: rules("self == oldSelf"),
            messages: [
                "Invalid value: \"self == oldSelf\": oldSelf cannot be used on the uncorrelatable portion of the "
                    + "schema within \(start).properties[topology].properties[preferredRoots]"
            ]
        ),
    ]
}

/// The embedded server, asked for one thing at a time.
struct DefinitionServer {
    private let api = KubeAPI(APIServer().transport(agent: "test"))

    static func complete() async throws -> DefinitionServer {
        let server = DefinitionServer()
        for plural in CRDFile.kinds { #expect(try await server.define(CRDFile(plural).value) == nil) }
        return server
    }

    /// Creates a definition; why not, where the server refuses it.
    func define(_ definition: JSONValue) async throws -> KubeError? {
        try await send(.post, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
    }

    /// Creates or replaces an object and then its status; why not, where the server refuses either.
    func put(_ object: JSONValue) async throws -> KubeError? {
        let path = try path(object)
        let refusal =
            if let version = try await version(path) {
                try await send(.put, path, object.at(version: version))
            } else {
                try await send(.post, resource(object).path, object)
            }
        return if let refusal { refusal } else { try await putStatus(object) }
    }

    /// Asks what would come of an object and its status where there is no such object yet.
    func rehearse(_ object: JSONValue) async throws -> KubeError? {
        if let refusal = try await send(.post, resource(object).path, object, isDry: true) { return refusal }
        guard object["status"] != nil else { return nil }
        #expect(try await send(.post, resource(object).path, object) == nil)
        let refusal = try await putStatus(object, isDry: true)
        #expect(try await send(.delete, path(object), nil) == nil)
        return refusal
    }

    private func putStatus(_ object: JSONValue, isDry: Bool = false) async throws -> KubeError? {
        guard object["status"] != nil, let version = try await version(path(object)) else { return nil }
        return try await send(.put, path(object) + "/status", object.at(version: version), isDry: isDry)
    }

    private func resource(_ object: JSONValue) -> ResourceType {
        object["kind"] == "P2PMirror" ? P2PMirror.resource : MirrorNode.resource
    }

    private func path(_ object: JSONValue) throws -> String {
        let name = try #require(object[path: "metadata", "name"]?.stringValue)
        return "\(resource(object).path)/\(name)"
    }

    private func version(_ path: String) async throws -> JSONValue? {
        do {
            let object: JSONValue = try await api.send(KubeRequest(.get, path))
            return object[path: "metadata", "resourceVersion"]
        } catch  where error.httpStatus == 404 {
            return nil
        }
    }

    private func send(
        _ method: KubeRequest.Method,
        _ path: String,
        _ body: JSONValue?,
        isDry: Bool = false
    ) async throws -> KubeError? {
        let request = KubeRequest(
            method,
            path,
            query: isDry ? [KubeRequest.QueryItem("dryRun", "All")] : [],
            contentType: "application/json",
            body: try body.map { body throws(KubeError) in try JSONCoding.encode(body) }
        )
        do {
            _ = try await api.answer(to: request)
            return nil
        } catch {
            return error
        }
    }
}

extension ResourceType {
    fileprivate var path: String { "/apis/\(group)/\(version)/\(plural)" }
}

extension JSONValue {
    fileprivate func at(version: JSONValue) -> JSONValue {
        var object = self
        object["metadata"]?["resourceVersion"] = version
        return object
    }
}
