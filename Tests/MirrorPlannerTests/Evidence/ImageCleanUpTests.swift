import MirrorPlanner
import Testing

@Suite("Where the kubelet removes images")
struct ImageCleanUpTests {
    private func cleanUp(_ yaml: String) throws -> ImageCleanUp? {
        ImageCleanUp(try ConfigDirectory.merge([("config.yaml", Array(yaml.utf8))]))
    }

    @Test("The kubelet's own values hold where no file gives others")
    func defaults() throws {
        let expected = ImageCleanUp(beginsAtPercent: 85, endsAtPercent: 80)
        #expect(try cleanUp("token: secret\n") == expected)
        #expect(try cleanUp("kubelet-arg: max-pods=200\n") == expected)
    }

    @Test("The last value counts, with dashes or without")
    func given() throws {
        let yaml = """
            kubelet-arg:
            - image-gc-high-threshold=70
            - --image-gc-high-threshold=75
            - image-gc-low-threshold=60
            """
        #expect(try cleanUp(yaml) == ImageCleanUp(beginsAtPercent: 75, endsAtPercent: 60))
    }

    @Test("What can't be known is not known", arguments: ["config=/etc/kubelet.yaml", "image-gc-high-threshold=high"])
    func unknown(argument: String) throws {
        #expect(try cleanUp("kubelet-arg: [\"\(argument)\"]\n") == nil)
    }
}
