import KubeCore
import Testing

@testable import MirrorPlanner

/// No password of a file survives its reading.
@Suite struct SettingsSecretsTests {
    private static let text = """
        database: {redis: {addrs: ["r:6379"], username: u, password: hunter2, sentinelPassword: hunter3}}
        mysql: {dsn: "u:hunter4@tcp(db)/x", passwd: hunter5}
        server: {tls: {caCert: /ca.crt, cert: /hunter6.crt, key: /hunter7.pem}}
        backend: {requestHeader: {Authorization: Bearer hunter8}}
        tracing: {endpoint: "http://u:hunter9@host:4317", headers: {x: hunter10}}
        auth: {jwt: {key: hunter11}}
        token: {a: [hunter12]}
        other: [{text: "-----BEGIN PRIVATE KEY-----\\nhunter13"}]
        empty: {password: "", key: null}
        keepAlive: {interval: 5s}
        """

    @Test func `every value below a secret's key is masked, and the rest stays`() throws {
        let masked = SettingsSecrets.masked(Self.text)
        #expect(!masked.contains("hunter"))
        let value = try #require(YAMLCoding.documents(masked).first)
        #expect(value[path: "database", "redis", "addrs"] == ["r:6379"])
        #expect(value[path: "database", "redis", "password"] == "********")
        #expect(value[path: "backend", "requestHeader"] == ["Authorization": "********"])
        #expect(value[path: "empty", "password"] == "")
        #expect(value[path: "empty", "key"] == .null)
        #expect(value[path: "keepAlive", "interval"] == "5s")
    }

    @Test(arguments: [text, "", "password: [", "a: b: hunter2", "- hunter2", "hunter2", "a: 1\n---\npassword: hunter2"])
    func `masking twice changes nothing`(_ text: String) {
        let once = SettingsSecrets.masked(text)
        #expect(SettingsSecrets.masked(once) == once)
    }

    @Test(arguments: ["a: b: hunter2", "x: 1\npassword: {hunter2\n", "hunter2: *hunter2", "{hunter2: 1, hunter2: 1}"])
    func `of a text that is no YAML its line stays alone`(_ text: String) throws {
        let masked = SettingsSecrets.masked(text)
        #expect(!masked.contains("hunter"))
        #expect(masked.hasPrefix("******** not YAML, line "))
        for text in [text, masked] {
            let fault = #expect(throws: SettingsFault.self) { try SettingsDocument(.scheduler, text: text) }
            #expect(fault?.line != nil)
            #expect(fault?.description.contains("hunter") == false)
        }
    }

    @Test(arguments: ["just text", "- a", "a: 1\n---\nb: 2", "5"])
    func `what is no mapping is a fault`(_ text: String) {
        #expect(throws: SettingsFault.self) { try SettingsDocument(.daemon, text: text) }
        #expect(throws: SettingsFault.self) { try SettingsDocument(.daemon, text: SettingsSecrets.masked(text)) }
    }

    @Test func `a document holds no secret, and a text that only begins like ours is masked too`() throws {
        let document = try SettingsDocument(.scheduler, text: Self.text)
        #expect(!"\(document)".contains("hunter"))
        #expect(DragonflySettings.SchedulerFile(document).hasTLS)
        #expect(!SettingsSecrets.masked("******** not YAML, line 5 hunter2").contains("hunter"))
    }
}
