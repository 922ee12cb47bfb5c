import KubeCore

/// CustomResourceDefinitions: from the object to the kind that is served.
enum Definition {
    /// What a definition says, and what is wrong with it.
    struct Reading {
        var resource: APIResource?
        var faults: [FieldFault]
    }

    /// The kind of a definition that has been accepted.
    static func resource(of definition: JSONValue) -> APIResource? { read(definition).resource }

    /// Reads a definition.
    static func read(_ definition: JSONValue) -> Reading {
        var faults: [FieldFault] = []
        func text(_ path: String...) -> String {
            let value = definition.at(["spec"] + path)?.stringValue ?? ""
            if value.isEmpty { faults.append(.required((["spec"] + path).joined(separator: "."))) }
            return value
        }
        let group = text("group")
        let plural = text("names", "plural")
        let kind = text("names", "kind")
        let scope = text("scope")
        if !scope.isEmpty, scope != "Cluster", scope != "Namespaced" {
            faults.append(.unsupported("spec.scope", .string(scope), ["Cluster", "Namespaced"]))
        }
        if definition.objectName != "\(plural).\(group)" {
            let detail = "must be spec.names.plural+\".\"+spec.group"
            faults.append(.invalid("metadata.name", .string(definition.objectName), detail))
        }
        let strategy = definition.at(["spec", "conversion", "strategy"])?.stringValue ?? "None"
        if strategy != "None" {
            faults.append(.unsupported("spec.conversion.strategy", .string(strategy), ["None"]))
        }
        let versions = versions(definition, &faults)
        guard faults.isEmpty else { return Reading(resource: nil, faults: faults) }
        let names = definition.at(["spec", "names"]) ?? [:]
        let resource = APIResource(
            group: group,
            plural: plural,
            singular: names["singular"]?.stringValue ?? kind.lowercased(),
            kind: kind,
            listKind: names["listKind"]?.stringValue ?? "\(kind)List",
            shortNames: names["shortNames"]?.strings ?? [],
            categories: names["categories"]?.strings ?? [],
            isNamespaced: scope == "Namespaced",
            versions: versions,
            storage: "\(plural).\(group)",
            isCustom: true,
            traits: APIResource.Traits(
                hasGeneration: true,
                takesStrategicPatch: false,
                statusWritesMetadata: false
            )
        )
        return Reading(resource: resource, faults: [])
    }

    private static func versions(
        _ definition: JSONValue,
        _ faults: inout [FieldFault]
    ) -> [APIResource.Version] {
        let values = definition.at(["spec", "versions"])?.arrayValue ?? []
        // The real server keeps one schema that all versions share apart from them.
        let isShared = Set(values.map { $0["schema"] }).count == 1
        var versions: [APIResource.Version] = []
        for (index, value) in values.enumerated() {
            let path = "spec.versions[\(index)]"
            let schemaPath = isShared ? "spec.validation.openAPIV3Schema" : "\(path).schema.openAPIV3Schema"
            var schema: Schema?
            if let text = value.at(["schema", "openAPIV3Schema"]) {
                var found: [FieldFault] = []
                let read = Schema(text, at: schemaPath, faults: &found)
                if found.isEmpty, index == 0 || !isShared { found = DefinitionRules(read, at: schemaPath).faults }
                if index == 0 || !isShared { faults += found }
                schema = read
            } else {
                faults.append(.required(schemaPath, "schemas are required"))
            }
            for unknown in ["scale"] where value.at(["subresources", unknown]) != nil {
                let why = "this server does not implement this subresource"
                faults.append(.forbidden("\(path).subresources.\(unknown)", why))
            }
            if value["selectableFields"] != nil {
                faults.append(.forbidden("\(path).selectableFields", "this server does not implement them"))
            }
            let columnsPath = "\(path).additionalPrinterColumns"
            versions.append(
                APIResource.Version(
                    name: value["name"]?.stringValue ?? "",
                    isServed: value["served"]?.boolValue ?? false,
                    isStorage: value["storage"]?.boolValue ?? false,
                    schema: schema,
                    hasStatus: value.at(["subresources", "status"]) != nil,
                    columns: PrinterColumn.parse(value["additionalPrinterColumns"], at: columnsPath, faults: &faults)
                )
            )
        }
        if versions.filter(\.isStorage).count != 1 {
            let why = "must have exactly one version marked as storage version"
            faults.append(.invalid("spec.versions", .array(values), why))
        }
        return versions
    }

    /// What may not change in a definition.
    static func changes(_ new: JSONValue, _ old: JSONValue) -> [FieldFault] {
        [["spec", "group"], ["spec", "names", "kind"], ["spec", "names", "plural"], ["spec", "scope"]]
            .filter { new.at($0) != old.at($0) }
            .map { .invalid($0.joined(separator: "."), new.at($0) ?? .null, "field is immutable") }
    }

    /// A definition with defaults and with the status that the server's controllers give it.
    static func accepted(_ definition: JSONValue, now: Timestamp) -> JSONValue {
        var definition = definition
        let kind = definition.at(["spec", "names", "kind"])?.stringValue ?? ""
        func fill(_ value: JSONValue, _ path: [String]) {
            if definition.at(path) == nil { definition.put(value, at: path) }
        }
        fill("None", ["spec", "conversion", "strategy"])
        fill(.string(kind.lowercased()), ["spec", "names", "singular"])
        fill(.string("\(kind)List"), ["spec", "names", "listKind"])
        let since = definition.at(["status", "conditions"])?.arrayValue?.first?["lastTransitionTime"]
        func condition(_ type: String, _ reason: String, _ message: String) -> JSONValue {
            [
                "type": .string(type), "status": "True", "reason": .string(reason), "message": .string(message),
                "lastTransitionTime": since ?? .string(now.description),
            ]
        }
        let storage = (definition.at(["spec", "versions"])?.arrayValue ?? [])
            .filter { $0["storage"]?.boolValue == true }.compactMap { $0["name"]?.stringValue }
        let before = definition.at(["status", "storedVersions"])?.strings ?? []
        definition["status"] = [
            "conditions": [
                condition("NamesAccepted", "NoConflicts", "no conflicts found"),
                condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
            ],
            "acceptedNames": definition.at(["spec", "names"]) ?? [:],
            "storedVersions": .strings(before + storage.filter { !before.contains($0) }),
        ]
        return definition
    }
}

extension APIServerState {
    /// Serves the kind of a definition from now on.
    mutating func serve(definition: JSONValue) {
        guard var resource = Definition.resource(of: definition) else { return }
        let old = resources[resource.id]
        let isSame = old?.versions.map(\.schema) == resource.versions.map(\.schema)
        resource.schemaRevision = isSame ? old?.schemaRevision ?? 0 : store.revision
        resources[resource.id] = resource
    }
}
