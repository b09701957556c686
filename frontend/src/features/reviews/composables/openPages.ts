/**
 * Which pages of this browser are open. Each has a name and answers to the question who is there, so that what a closed
 * page left can be told from what an open one still holds. (Web Locks would tell it too, but not on plain http.)
 */
import { onScopeDispose } from 'vue'

export const ANSWER_MS = 300 // an open page answers at once, a hidden one too

type Message = { asks: true } | { isHere: string }

/** Unlike any other; `crypto.randomUUID` is missing on plain http. */
export function newName(): string {
    return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('-')
}

/** This page, until its scope ends, among those that have opened the same `channelName`. */
export function useOpenPages(channelName: string) {
    const name = newName()
    const channel = new BroadcastChannel(channelName)
    let heard = new Set<string>()

    const say = (message: Message) => channel.postMessage(message)
    channel.onmessage = ({ data }: MessageEvent<Message>) => {
        if ('asks' in data) say({ isHere: name })
        else heard.add(data.isHere)
    }
    onScopeDispose(() => channel.close())

    /** Names of the other open pages. */
    async function others(): Promise<ReadonlySet<string>> {
        heard = new Set()
        const answers = heard
        say({ asks: true })
        await new Promise((resolve) => setTimeout(resolve, ANSWER_MS))
        return answers
    }

    return { name, others }
}
