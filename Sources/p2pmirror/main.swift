import MirrorCommands

await runP2PMirror()
