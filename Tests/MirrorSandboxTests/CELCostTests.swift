import KubeCore
import MirrorSandbox
import Testing

/// The figures are those of kube-apiserver 1.36 for the same schema (cel.Compile, CompilationResult.MaxCost).
@Suite("CEL: estimated cost")
struct CELCostTests {
    @Test(
        "A rule costs what kube-apiserver says",
        arguments: [
            ("self.a + 1 == self.b && self.f > 1.0 && self.f > self.a", 13),
            ("self.a * 4 - 6 / 3 % 2 == 4", 7),
            ("-self.a < 0 && !(self.a >= 2)", 8),
            ("self.s == 'abc' && self.s != \"abd\" && self.s < 'abd'", 9),
            (
                "self.s.startsWith('ab') && self.s.endsWith('c') && self.s.contains('b') && self.s.matches('^[a-c]+$')",
                24
            ),
            ("self.s.size() == 3 && size(self.set) == 2 && size(self.map) == 1", 12),
            ("self.t == self.u && self.t <= self.u", 13),
            ("has(self.long)", 1),
            ("has(self.long) && self.long == 'x'", 4),
            ("!has(self.long) || self.long == 'x'", 5),
            ("self.flag ? self.a == 1 : self.a == 2", 4),
            ("self.a in [1, 2] && 'x' in self.set && 'k' in self.map && !('z' in self.set)", 30),
            ("self.set == ['y', 'x'] || self.set[0] == 'x'", 17),
            ("self.set.all(x, x != 'z') && self.set.exists(x, x == 'y') && self.set.exists_one(x, x == 'x')", 70),
            ("self.set.filter(x, x == 'x').size() == 1 && self.set.map(x, x + '!') == ['x!', 'y!']", 163),
            ("self.map.all(k, self.map[k] > 0) && self.map.k == 1", 31),
            ("self.parts.exists(p, p.name == 'p' && p.size == 4)", 48),
            ("self.__namespace__ == 'n' && self.with__dash__dash == 3", 5),
            ("type(self.either) == string && self.either == '5%'", 7),
            ("type(self.either) == int ? self.either > 3 : string(self.a) == '1' && int('2') == self.b", 11),
            ("self.long == 'x' || self.a == 1", 5),
            ("self.a == 2 && self.long == 'x'", 5),
            ("self.free.all(x, x == 'a')", 5_242_878),
            ("self.free.all(x, self.free.exists(y, x == y))", 345_882_608_640_773_328),
            ("self.namespace == oldSelf.namespace", 1_844_674_407_370_955_268),
            ("self.__namespace__ == oldSelf.__namespace__", 30),
            ("self.long.matches('^a.*b$') && self.set.all(x, self.long.contains(x))", 3_145_759),
            ("self.free.all(x, self.long.contains(x))", 103_762_968_406_172_628),
            ("self == oldSelf", 2),
            ("self.parts == oldSelf.parts", 5),
            ("self.parts.filter(p, p.size > 1).map(p, p.name).all(n, n in self.set)", 225),
            ("self.set + self.free == self.free", 104_865),
            ("self.s + self.long == 'x'", 314_582),
            ("{'a': self.s}['a'] == 'b'", 34),
            ("[self.s, self.long][0] == 'b'", 16),
            ("self.either == oldSelf.either", 314_577),
            ("dyn(self.s) == self.s", 9),
            ("self.parts[0].name == self.parts[1].name", 12),
            ("self.t < oldSelf.t || self.map == oldSelf.map", 10),
            ("self.free.exists_one(x, x.startsWith('a') && x.size() > 3)", 7_340_029),
            ("(self.flag ? self.s : self.long).matches('a')", 314_577),
            ("self.parts.map(p, p.size > 1, p.name).exists(n, n == self.s)", 134),
        ] as [(String, UInt64)]
    )
    func cost(rule: String, cost: UInt64) throws {
        let versions = APIServerRuleTests.definition(rule)["spec"]?["versions"]
        let schema = try #require(versions?.arrayValue?.first?[path: "schema", "openAPIV3Schema"])
        #expect(RuleEstimate.all(inSchema: schema).map(\.cost) == [cost])
    }
}
