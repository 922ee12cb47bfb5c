import KubeCore
import MirrorSandbox
import Testing

/// What is said of rules here is what kube-apiserver 1.36 said of the same definition.
@Suite("API server: rules in CEL")
struct APIServerRuleTests {
    /// A definition with one rule on its specification.
    static func definition(_ rule: String, message: String? = nil) -> JSONValue {
        var validation: JSONValue = ["rule": .string(rule)]
        validation["message"] = message.map { .string($0) }
        let properties: JSONValue = [
            "a": ["type": "integer"], "b": ["type": "integer"], "f": ["type": "number"],
            "s": ["type": "string", "maxLength": 10], "long": ["type": "string"], "flag": ["type": "boolean"],
            "t": ["type": "string", "format": "date-time"], "u": ["type": "string", "format": "date-time"],
            "either": ["x-kubernetes-int-or-string": true],
            "namespace": ["type": "string", "maxLength": 63], "with-dash": ["type": "integer"],
            "set": [
                "type": "array", "maxItems": 4, "x-kubernetes-list-type": "set",
                "items": ["type": "string", "maxLength": 5],
            ],
            "free": ["type": "array", "items": ["type": "string"]],
            "map": ["type": "object", "maxProperties": 3, "additionalProperties": ["type": "integer"]],
            "parts": [
                "type": "array", "maxItems": 5, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                "items": [
                    "type": "object", "required": ["name"],
                    "properties": ["name": ["type": "string", "maxLength": 9], "size": ["type": "integer"]],
                ],
            ],
        ]
        let spec: JSONValue = [
            "type": "object", "properties": properties, "x-kubernetes-validations": [validation],
        ]
        let schema: JSONValue = ["type": "object", "properties": ["spec": spec]]
        let version: JSONValue = [
            "name": "v1alpha1", "served": true, "storage": true, "schema": ["openAPIV3Schema": schema],
        ]
        return [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": "gadgets.example.com"],
            "spec": [
                "group": "example.com", "scope": "Cluster", "names": ["kind": "Gadget", "plural": "gadgets"],
                "versions": [version],
            ],
        ]
    }

    @Test(
        "A rule that cannot be compiled is refused with its place",
        arguments: [
            ("self.missing == 1", "1:5: undefined field 'missing'\n | self.missing == 1\n | ....^"),
            ("self.a == 'x'", "1:8: found no matching overload for '_==_' applied to '(int, string)'"),
            ("self.a < self.s", "1:8: found no matching overload for '_<_' applied to '(int, string)'"),
            ("other == 1", "1:1: undeclared reference to 'other' (in container '')"),
            ("namespace == 'a'", "1:1: reserved identifier: namespace"),
            ("self.a.b == 1", "1:7: type 'int' does not support field selection"),
            ("self.s.foo()", "1:11: undeclared reference to 'foo' (in container '')"),
            ("size(self.a) == 1", "1:5: found no matching overload for 'size' applied to '(int)'"),
            ("[1, 'a'].size() == 1", "1:5: expected type 'int' but found 'string'"),
            (
                "self.s.exists(x, x == 'a')",
                "1:5: expression of type 'string' cannot be range of a comprehension (must be list, map, or dynamic)"
            ),
            ("has(self)", "1:5: invalid argument to has() macro"),
            ("self.s.matches('[')", "1:16: invalid matches argument"),
            ("self.a == 1 ? 2 : 'x'", "1:13: found no matching overload for '_?_:_' applied to '(bool, int, string)'"),
            ("(self.a == 1", "1:13: Syntax error: "),
            ("self.a ==== 1", "1:10: Syntax error: "),
            ("self.s.lowerAscii() == 'a'", "1:18: this server does not implement the function 'lowerAscii'"),
        ]
    )
    func compilation(rule: String, fault: String) async throws {
        let answer = try await Bench().post(Bench.definitions, Self.definition(rule))
        #expect(answer.status == 422)
        #expect(answer.message.contains("compilation failed: ERROR: <input>:\(fault)"), "\(answer.message)")
        let field = "spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule"
        #expect(answer["details", "causes", "0", "field"] == .string(field))
    }

    @Test(
        "A rule that is no rule is refused",
        arguments: [
            ("self.a", nil, "cel expression must evaluate to a bool"),
            (" ", nil, "rule: Required value: rule is not specified"),
            ("self.a == 1", "two\nlines", "message: Invalid value: \"two\nlines\": must not contain line breaks"),
            ("self.a\n== 1", nil, "message: Required value: message must be specified if rule contains line breaks"),
            ("self.a == 1", " ", "message: Invalid value: \" \": must be non-empty if specified"),
        ]
    )
    func form(rule: String, message: String?, fault: String) async throws {
        let answer = try await Bench().post(Bench.definitions, Self.definition(rule, message: message))
        #expect(answer.status == 422)
        #expect(answer.message.contains(fault), "\(answer.message)")
    }

    @Test(
        "A rule that is too dear is refused, one just within the bound is not",
        arguments: [
            ("self.free.all(x, x == 'a')", nil),
            (
                "self.free.all(x, self.free.exists(y, x == y))",
                "estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding "
                    + "maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)"
            ),
            ("self.namespace == oldSelf.namespace", "exceeds budget by factor of more than 100x"),
            ("self.__namespace__ == oldSelf.__namespace__", nil),
            ("self.long.matches('^a.*b$') && self.set.all(x, self.long.contains(x))", nil),
            ("self.free.all(x, self.long.contains(x))", "exceeds budget by factor of more than 100x"),
        ]
    )
    func cost(rule: String, fault: String?) async throws {
        let answer = try await Bench().post(Bench.definitions, Self.definition(rule))
        #expect(answer.status == (fault == nil ? 201 : 422), "\(answer.message)")
        if let fault { #expect(answer.message.contains(fault)) }
    }

    private static let full: JSONValue = [
        "a": 1, "b": 2, "f": .double(1.5), "s": "abc", "flag": true, "t": "2026-01-31T12:00:00Z",
        "u": "2026-01-31T13:00:00+01:00", "either": "5%", "namespace": "n", "with-dash": 3, "set": ["x", "y"],
        "map": ["k": 1], "parts": [["name": "p", "size": 4]],
    ]

    @Test(
        "Rules are evaluated",
        arguments: [
            ("self.a + 1 == self.b && self.f > 1.0 && self.f > self.a", true),
            ("self.a * 4 - 6 / 3 % 2 == 4", true),
            ("-self.a < 0 && !(self.a >= 2)", true),
            ("self.s == 'abc' && self.s != \"abd\" && self.s < 'abd'", true),
            (
                "self.s.startsWith('ab') && self.s.endsWith('c') && self.s.contains('b') && self.s.matches('^[a-c]+$')",
                true
            ),
            ("self.s.size() == 3 && size(self.set) == 2 && size(self.map) == 1", true),
            ("self.t == self.u && self.t <= self.u", true),
            ("has(self.long)", false),
            ("has(self.long) && self.long == 'x'", false),
            ("!has(self.long) || self.long == 'x'", true),
            ("self.flag ? self.a == 1 : self.a == 2", true),
            ("self.a in [1, 2] && 'x' in self.set && 'k' in self.map && !('z' in self.set)", true),
            ("self.set == ['y', 'x'] || self.set[0] == 'x'", true),
            ("self.set.all(x, x != 'z') && self.set.exists(x, x == 'y') && self.set.exists_one(x, x == 'x')", true),
            ("self.set.filter(x, x == 'x').size() == 1 && self.set.map(x, x + '!') == ['x!', 'y!']", true),
            ("self.map.all(k, self.map[k] > 0) && self.map.k == 1", true),
            ("self.parts.exists(p, p.name == 'p' && p.size == 4)", true),
            ("self.__namespace__ == 'n' && self.with__dash__dash == 3", true),
            ("type(self.either) == string && self.either == '5%'", true),
            ("type(self.either) == int ? self.either > 3 : string(self.a) == '1' && int('2') == self.b", true),
            ("self.long == 'x' || self.a == 1", true),
            ("self.a == 2 && self.long == 'x'", false),
        ]
    )
    func evaluation(rule: String, isRight: Bool) async throws {
        let bench = Bench()
        let defined = try await bench.post(Bench.definitions, Self.definition(rule, message: "wrong"))
        #expect(defined.status == 201, "\(defined.message)")
        let answer = try await bench.post(Bench.gadgets, Bench.gadget("a", Self.full))
        #expect(answer.status == (isRight ? 201 : 422), "\(answer.message)")
        if !isRight { #expect(answer.message == "Gadget.example.com \"a\" is invalid: spec: Invalid value: wrong") }
    }

    @Test(
        "A rule that comes to no result refuses the object, and says why",
        arguments: [
            ("self.long == 'x'", "no such key: long evaluating rule: self.long == 'x'"),
            ("self.set[2] == 'x'", "index out of bounds: 2 evaluating rule: self.set[2] == 'x'"),
            ("self.a / (self.a - 1) == 1", "division by zero evaluating rule: self.a / (self.a - 1) == 1"),
            (
                "self.either > 3",
                "'no such overload': call arguments did not match a supported operator, function or macro signature "
                    + "for rule: self.either > 3"
            ),
        ]
    )
    func failures(rule: String, fault: String) async throws {
        let bench = Bench()
        #expect(try await bench.post(Bench.definitions, Self.definition(rule)).status == 201)
        let answer = try await bench.post(Bench.gadgets, Bench.gadget("a", Self.full))
        #expect(answer.message == "Gadget.example.com \"a\" is invalid: spec: Invalid value: \"object\": \(fault)")
    }

    @Test("A rule about a change is asked of changes alone, and of entries that their keys tell apart")
    func transitions() async throws {
        let bench = Bench()
        let rule = "!has(oldSelf.parts) || self.parts.all(p, oldSelf.parts.exists(o, o.name == p.name))"
        #expect(try await bench.post(Bench.definitions, Self.definition(rule, message: "no new part")).status == 201)
        #expect(try await bench.post(Bench.gadgets, Bench.gadget("a", Self.full)).status == 201)
        let path = "\(Bench.gadgets)/a"
        let grown = try await bench.merge(path, ["spec": ["parts": [["name": "p", "size": 5]]]])
        #expect(grown.status == 200)
        let other = try await bench.merge(path, ["spec": ["parts": [["name": "q"]]]])
        #expect(other.message == "Gadget.example.com \"a\" is invalid: spec: Invalid value: no new part")
    }

    @Test("An object of the wrong shape is refused for that, and no rule is asked")
    func shapeFirst() async throws {
        let bench = Bench()
        #expect(try await bench.post(Bench.definitions, Self.definition("self.a == 1")).status == 201)
        let answer = try await bench.post(Bench.gadgets, Bench.gadget("a", ["a": "1"]))
        let shape = "spec.a: Invalid value: \"string\": spec.a in body must be of type integer: \"string\""
        let rest =
            "<nil>: Invalid value: \"null\": some validation rules were not checked because the object was invalid; "
            + "correct the existing errors to complete validation"
        #expect(answer.message == "Gadget.example.com \"a\" is invalid: [\(shape), \(rest)]")
    }
}
