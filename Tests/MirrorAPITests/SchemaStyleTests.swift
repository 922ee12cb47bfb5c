import KubeCore
import MirrorAPI
import MirrorAPITesting
import Testing

/// A test's name for a kind, in place of its whole schema.
extension KindSchema: CustomTestStringConvertible {
    package var testDescription: String { resource.kind }
}

@Suite("The CRD files are complete")
struct SchemaStyleTests {
    /// What a schema lacks: a description on each field, a bound on each list, map and string, a type on each list.
    static func faults(in schema: JSONValue) -> [String] {
        SchemaNode.all(in: schema).flatMap { node -> [String] in
            let value = node.value
            let isOurs = node.path != ".metadata" && node.path != ".apiVersion" && node.path != ".kind"
            var faults: [String] = []
            if isOurs, (value["description"]?.stringValue ?? "").isEmpty { faults.append("description") }
            switch value["type"] {
            case "array":
                if value["maxItems"] == nil { faults.append("maxItems") }
                if value["x-kubernetes-list-type"] == nil { faults.append("x-kubernetes-list-type") }
            case "object":
                if value["additionalProperties"] != nil, value["maxProperties"] == nil {
                    faults.append("maxProperties")
                }
            case "string":
                let bounds = ["maxLength", "enum", "format"]
                if isOurs, bounds.allSatisfy({ value[$0] == nil }) { faults.append("maxLength") }
            case "integer":
                if value["minimum"] == nil || value["format"] == nil { faults.append("minimum") }
            case "boolean": break
            case nil where value["x-kubernetes-int-or-string"] == true:
                if value["minimum"] == nil || value["pattern"] == nil { faults.append("minimum") }
            default: faults.append("type")
            }
            return faults.map { "\(node.path) lacks \($0)" }
        }
    }

    @Test("Each field has a description and bounds", arguments: CRDFile.kinds)
    func everyFieldIsDescribedAndBounded(plural: String) throws {
        let schema = try CRDFile(plural).schema
        #expect(SchemaNode.all(in: schema).count > 30)
        #expect(Self.faults(in: schema) == [])
    }

    @Test("A field without description or bound is found")
    func plantedFaultsAreFound() {
        let schema: JSONValue = [
            "type": "object", "description": "A thing.",
            "properties": [
                "list": ["type": "array", "description": "Items.", "items": ["type": "string"]],
                "map": ["type": "object", "description": "Keys.", "additionalProperties": ["type": "boolean"]],
            ],
        ]
        #expect(
            Self.faults(in: schema) == [
                ".list lacks maxItems", ".list lacks x-kubernetes-list-type", ".list[] lacks description",
                ".list[] lacks maxLength", ".map lacks maxProperties", ".map{} lacks description",
            ]
        )
    }

    @Test("Each default keeps the rules as it stands, without those of its fields", arguments: KindSchema.all)
    func defaultsKeepRules(kind: KindSchema) {
        #expect(Self.brokenDefaults(in: kind.spec, at: "spec") == [])
        #expect(Self.brokenDefaults(in: kind.status, at: "status") == [])
    }

    @Test("A default that breaks a rule is found")
    func plantedDefaultIsFound() {
        var spec = KindSchema.p2pMirror.spec
        guard case .object(var fields, let required, _) = spec.form else { return }
        fields["rollout"]?.fallback = [:]
        spec.form = .object(fields, required: required, atomic: false)
        let rule = "self.progressDeadlineSeconds > self.minReadySeconds"
        #expect(Self.brokenDefaults(in: spec, at: "spec") == ["spec.rollout: \(rule)"])
    }

    private static func brokenDefaults(in schema: FieldSchema, at path: String) -> [String] {
        let own = schema.rules.filter { rule in
            guard let fallback = schema.fallback, !rule.isTransition else { return false }
            return !rule.holds(fallback, .null)
        }
        let nested =
            switch schema.form {
            case .object(let fields, _, _):
                fields.sorted { $0.key < $1.key }.flatMap { brokenDefaults(in: $0.value, at: "\(path).\($0.key)") }
            case .list(let item, _, _): brokenDefaults(in: item, at: "\(path)[]")
            case .map(let value, _): brokenDefaults(in: value, at: "\(path){}")
            case .string, .integer, .intOrPercent, .boolean: [String]()
            }
        return own.map { "\(path): \($0.expression)" } + nested
    }

    @Test("No rule uses a word that CEL reserves", arguments: CRDFile.kinds)
    func rulesUseNoReservedWord(plural: String) throws {
        let expressions = SchemaNode.all(in: try CRDFile(plural).schema)
            .flatMap { $0.value["x-kubernetes-validations"]?.arrayValue ?? [] }
            .compactMap { $0["rule"]?.stringValue }
        #expect(expressions.isEmpty == false)
        #expect(expressions.filter { !Self.reservedWords(in: $0).isEmpty } == [])
        #expect(Self.reservedWords(in: "has(self.namespace) || self.in_use == self.__package__") == ["namespace"])
    }

    /// Fields of these names are written with two underscores on each side. The words are those of CEL's specification,
    /// doc/langdef.md, section Syntax, RESERVED; `in`, `true`, `false` and `null` are used as what they are.
    private static func reservedWords(in expression: String) -> [String] {
        let reserved = Set(
            [
                "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop",
                "package", "namespace", "return", "var", "void", "while",
            ].map { Substring($0) }
        )
        let words = expression.split { !($0.isLetter || $0.isNumber || $0 == "_") }
        return words.filter(reserved.contains).map(String.init)
    }

    @Test("The category has the name of no kind, or kubectl takes it for the kind", arguments: KindSchema.all)
    func categoryIsNoKind(kind: KindSchema) {
        let resource = kind.resource
        #expect(![resource.plural, resource.kind.lowercased(), "p2pm", "mn"].contains(Group.category))
    }

    @Test(
        "Names, scope and subresource are those of the Swift type",
        arguments: zip(KindSchema.all, ["p2pm", "mn"])
    )
    func namesAreEqual(kind: KindSchema, shortName: String) throws {
        let crd = try CRDFile(kind.resource.plural)
        let resource = kind.resource
        #expect(crd.value[path: "metadata", "name"] == .string("\(resource.plural).\(resource.group)"))
        #expect(crd.value[path: "spec", "group"] == .string(resource.group))
        #expect(crd.value[path: "spec", "scope"] == (resource.namespaced ? "Namespaced" : "Cluster"))
        #expect(crd.value[path: "spec", "names", "kind"] == .string(resource.kind))
        #expect(crd.value[path: "spec", "names", "shortNames"] == [.string(shortName)])
        #expect(crd.value[path: "spec", "names", "categories"] == [.string(Group.category)])
        #expect(crd.version["name"] == .string(resource.version))
        #expect(crd.version[path: "subresources", "status"] == [:])
    }

    @Test(
        "Columns that kubectl prints",
        arguments: [
            (
                "p2pmirrors",
                ["Provider", "Mode", "Shape", "Root", "Candidates", "Evicted", "Ready", "Reason", "Age"],
                ["Cycles", "Message"]
            ),
            (
                "mirrornodes", ["Mirror", "Node", "Role", "State", "Reason", "Current", "Age"],
                ["Seed", "Wanted", "Message"]
            ),
        ]
    )
    func columns(plural: String, always: [String], wide: [String]) throws {
        let crd = try CRDFile(plural)
        let columns = crd.version["additionalPrinterColumns"]?.arrayValue ?? []
        let names = { (isWide: Bool) in
            columns.filter { ($0["priority"] != nil) == isWide }.compactMap { $0["name"]?.stringValue }
        }
        #expect(names(false) == always)
        #expect(names(true) == wide)
        let fields = Set(SchemaNode.all(in: crd.schema).map(\.path))
        for column in columns {
            let path = try #require(column["jsonPath"]?.stringValue)
            let plain = path.replacing("[?(@.type==\"Ready\")]", with: "[]")
            #expect(plain == ".metadata.creationTimestamp" || fields.contains(plain), "\(path) leads nowhere")
        }
    }
}
