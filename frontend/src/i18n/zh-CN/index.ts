/** All texts of this language: one file a feature, its name is the first part of each key. */
const files = import.meta.glob<{ default: object }>('./*.json', { eager: true })

const messages = Object.fromEntries(
    Object.entries(files).map(([path, file]) => [path.slice('./'.length, -'.json'.length), file.default]),
)

export default messages
