import { defineComponent, ref } from 'vue'
import { flushPromises } from '@vue/test-utils'
import { afterEach, expect, test, vi } from 'vitest'
import { mountInApp } from '@/testing/mounting'
import { serverAnswers } from '@/testing/server'
import type { Cell } from './reviewApi'
import { cellOf } from './testCells'
import { useReview, type Review } from './useReview'

const PROGRESS = { cells: 3, confirmed: 0, unidentified: 1, sequence: 40, listing: '1', classes: [] }
const CELLS = [
    cellOf(1, { shown_class: 'unidentified', is_unidentified: true, ambiguity: 0.9 }),
    cellOf(2, { ambiguity: 0.5 }),
    cellOf(3, { ambiguity: 0.3 }),
]
let end = () => {}
afterEach(() => {
    end()
    vi.useRealTimers()
})

type Answers = Parameters<typeof serverAnswers>[0]

/** A review of case 1; every step succeeds unless `answers` says otherwise. */
async function reviewOf(answers: Answers = {}, mayChange = true) {
    const step = (change: Partial<Cell>) => (call: { body: unknown }) => {
        const { cells } = call.body as { cells: { id: number; version: number }[] }
        return {
            body: {
                cells: cells.map(({ id, version }) => ({
                    ...CELLS[id - 1],
                    version: version + 1,
                    ...change,
                })),
                conflicts: [],
            },
        }
    }
    const calls = serverAnswers({
        'GET /api/v1/reviews/cases/1/progress': { body: PROGRESS },
        'GET /api/v1/reviews/cells': { body: { next: null, previous: null, results: CELLS } },
        'GET /api/v1/reviews/cases/1/changes': {
            body: { cells: [], sequence: 40, has_more: false, listing: '1' },
        },
        'POST /api/v1/reviews/cells/relabel': step({
            reader_class: 'myelocyte',
            shown_class: 'myelocyte',
            is_confirmed: true,
        }),
        'POST /api/v1/reviews/cells/confirm': step({ reader_class: 'monocyte', is_confirmed: true }),
        ...answers,
    })
    let review: Review | undefined
    const page = defineComponent({
        setup() {
            review = useReview(1, ref(mayChange))
            return () => null
        },
    })
    const { wrapper } = await mountInApp(page)
    end = () => wrapper.unmount()
    await flushPromises()
    if (!review) throw new Error('the page was not set up')
    return { review, calls, posts: () => calls.filter(({ method }) => method === 'POST') }
}

test('all pages of the cells are loaded by their cursor', async () => {
    const { review, calls } = await reviewOf({
        'GET /api/v1/reviews/cells': ({ query }) =>
            query.get('cursor') === 'abc'
                ? { body: { next: null, previous: null, results: CELLS.slice(2) } }
                : { body: { next: 'http://x/cells?cursor=abc', previous: null, results: CELLS.slice(0, 2) } },
    })

    expect(review.cells.value.map(({ id }) => id)).toEqual([1, 2, 3])
    expect(calls.filter(({ path }) => path.endsWith('/cells'))).toHaveLength(2)
})

test('a named cell is shown in its new group before the server answers', async () => {
    const { review } = await reviewOf()

    review.selection.hovered.value = 2
    review.relabel('myelocyte')

    expect(review.groups.value.map(({ classId }) => classId)).toEqual([
        'unidentified',
        'myelocyte',
        'monocyte',
    ])
    expect(review.progress.value).toEqual({ cells: 3, confirmed: 1, unidentified: 1 })
    expect(review.cells.value.find(({ id }) => id === 2)?.model_class).toBe('monocyte')
})

test('all shown cells are confirmed at once, except the unidentified', async () => {
    const { review, posts } = await reviewOf()

    review.look([1, 2, 3])
    await review.confirmVisible()
    await flushPromises()

    expect(posts().map(({ body }) => body)).toEqual([
        {
            cells: [
                { id: 2, version: 1 },
                { id: 3, version: 1 },
            ],
        },
    ])
    expect(review.progress.value.confirmed).toBe(2)
})

/** Presses a button of the question that is open. */
async function press(name: string): Promise<void> {
    await flushPromises()
    const button = [...document.querySelectorAll('button')].find((one) => one.textContent?.trim() === name)
    if (!button) throw new Error(`no button '${name}' is shown`)
    button.click()
    await flushPromises()
}

test.each([
    ['Cancel', 0],
    ['Confirm all', 1],
])('cells that were never on the screen are confirmed only when asked: %s', async (button, sent) => {
    const { review, posts } = await reviewOf()
    review.look([2])

    const confirming = review.confirmVisible()
    await flushPromises()
    expect(document.body.textContent).toContain('Not yet on the screen: 1 of these cells')
    await press(button)
    await confirming
    await flushPromises()

    expect(posts()).toHaveLength(sent)
})

test('confirming one cell goes on to the next, also while the mouse rests', async () => {
    const { review, posts } = await reviewOf()

    review.selection.hovered.value = 2
    review.confirmTargets()
    review.confirmTargets()
    await flushPromises()

    expect(
        posts().map(({ body }) => (body as { cells: { id: number }[] }).cells.map(({ id }) => id)),
    ).toEqual([[2], [3]])
})

test('nothing is changed where the reader may not', async () => {
    const { review, posts } = await reviewOf({}, false)

    review.selection.hovered.value = 2
    review.relabel('myelocyte')
    await review.confirmVisible()
    review.act('delete')
    await review.undo()
    await flushPromises()

    expect(posts()).toEqual([])
    expect(review.progress.value.confirmed).toBe(0)
})

test('undo waits for what is on its way and then asks the server', async () => {
    const { review, posts } = await reviewOf({
        'POST /api/v1/reviews/cases/1/undo': {
            body: { cells: [{ ...CELLS[1], version: 3 }], conflicts: [] },
        },
    })

    review.relabel('myelocyte', [2])
    await review.undo()

    expect(posts().map(({ path }) => path.split('/').at(-1))).toEqual(['relabel', 'undo'])
    expect(review.cells.value.find(({ id }) => id === 2)?.shown_class).toBe('monocyte')
})

test('what was never sent is undone and done again without the server', async () => {
    vi.useFakeTimers() // no second attempt
    const { review, posts } = await reviewOf({
        'POST /api/v1/reviews/cells/relabel': {
            status: 503,
            body: { code: 'down', message: 'down', detail: {} },
        },
    })
    review.relabel('myelocyte', [2])
    review.relabel('basophil', [3])
    await flushPromises()
    const shown = () => review.cells.value.map((cell) => cell.shown_class)

    await review.undo()
    expect(shown()).toEqual(['unidentified', 'myelocyte', 'monocyte'])
    await review.redo()
    expect(shown()).toEqual(['unidentified', 'myelocyte', 'basophil'])
    expect(posts()).toHaveLength(1)
})

test('what a colleague did appears with the next question, and an older state never comes back', async () => {
    vi.useFakeTimers()
    let told: Cell[] = [cellOf(3, { version: 4, shown_class: 'basophil' })]
    const { review, calls } = await reviewOf({
        'GET /api/v1/reviews/cases/1/changes': () => ({
            body: { cells: told, sequence: 41, has_more: false, listing: '1' },
        }),
    })

    await vi.advanceTimersByTimeAsync(4_000)
    expect(review.cells.value.find(({ id }) => id === 3)?.shown_class).toBe('basophil')
    told = [cellOf(3, { version: 2, shown_class: 'monocyte' })]
    await vi.advanceTimersByTimeAsync(4_000)

    expect(review.cells.value.find(({ id }) => id === 3)?.shown_class).toBe('basophil')
    const asked = calls.filter(({ path }) => path.endsWith('/changes'))
    expect(asked.map(({ query }) => query.get('since'))).toEqual(['40', '41'])
})
