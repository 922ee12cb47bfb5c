extension Masking {
    /// A JSON array of arguments without secrets.
    static func maskedArguments(_ text: String) -> String {
        guard let arguments = JSONStrings.array(text) else { return mask }
        var masked: [String] = []
        var hidesNext = false
        for argument in arguments {
            var current = argument
            if !hidesNext, let flag = ServiceArguments.flag(argument) {
                let isSecret = isSecret(flag.name[...])
                if let value = flag.value {
                    let prefix = argument.prefix { $0 != "=" }
                    current = "\(prefix)=\(isSecret ? hidden(value) : withoutCredentials(value))"
                }
                hidesNext = isSecret && flag.value == nil
            } else {
                current = hidesNext ? hidden(argument) : withoutCredentials(argument)
                hidesNext = false
            }
            masked.append(JSONStrings.quoted(current))
        }
        return "[\(masked.joined(separator: ","))]"
    }

    /// A JSON object of variables without secrets.
    static func maskedEnvironment(_ text: String) -> String {
        guard let variables = JSONStrings.object(text) else { return mask }
        let members = variables.map { variable in
            let value = isSecret(variable.key[...]) ? hidden(variable.value) : withoutCredentials(variable.value)
            return "\(JSONStrings.quoted(variable.key)):\(JSONStrings.quoted(value))"
        }
        return "{\(members.joined(separator: ","))}"
    }
}
