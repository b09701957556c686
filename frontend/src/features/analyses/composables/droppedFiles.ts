/** All files of what was dropped, those in folders too; names that begin with a dot are the computer's own. */
export async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
    // The list is emptied as soon as the event is over: entries are taken before anything is awaited.
    const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? [])
    const files = await Promise.all(entries.map(filesOf))
    return visibleFiles(files.flat())
}

export function visibleFiles(files: readonly File[]): File[] {
    return files.filter((file) => !file.name.startsWith('.') && file.name !== 'Thumbs.db')
}

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
    if (entry.isFile) {
        return [
            await new Promise<File>((resolve, reject) =>
                (entry as FileSystemFileEntry).file(resolve, reject),
            ),
        ]
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader()
    const found: File[] = []
    for (;;) {
        const part = await new Promise<FileSystemEntry[]>((resolve, reject) =>
            reader.readEntries(resolve, reject),
        )
        if (!part.length) return found // a browser hands out a folder in parts of 100
        found.push(...(await Promise.all(part.map(filesOf))).flat())
    }
}
