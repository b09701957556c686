import { effectScope } from 'vue'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { usePicture } from './usePicture'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function pictureAt(address: string) {
    const scope = effectScope()
    const picture = scope.run(() => usePicture(() => address))
    if (!picture) throw new Error('a new scope runs at once')
    return { ...picture, leave: () => scope.stop() }
}

test('a picture that failed is asked for again, ever later, and not without end', () => {
    const { src, failed } = pictureAt('/picture?box=1')
    const asked = [src.value]

    for (const pause of [2_000, 4_000, 8_000, 16_000, 32_000, 64_000]) {
        failed()
        vi.advanceTimersByTime(pause - 1)
        expect(src.value).toBe(asked.at(-1))
        vi.advanceTimersByTime(1)
        if (src.value !== asked.at(-1)) asked.push(src.value)
    }

    expect(asked).toEqual([
        '/picture?box=1',
        '/picture?box=1&again=1',
        '/picture?box=1&again=2',
        '/picture?box=1&again=3',
        '/picture?box=1&again=4',
    ])
})

test('a tile that has left the page asks for nothing', () => {
    const { src, failed, leave } = pictureAt('/picture?box=1')

    failed()
    leave()
    vi.advanceTimersByTime(60_000)

    expect(src.value).toBe('/picture?box=1')
})
