import MirrorCommands

prepareProcess()
await runP2PMirror()
