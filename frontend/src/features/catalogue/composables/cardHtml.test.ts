import { expect, test } from 'vitest'
import { cardHtml } from './cardHtml'

test('headings, lists and tables of a card are shown as such', () => {
    const html = cardHtml('# Name\n\n- one\n\n| figure | value |\n| --- | --- |\n| ap | 0.75 |\n')

    for (const part of ['<h1>Name</h1>', '<li>one</li>', '<td>0.75</td>']) expect(html).toContain(part)
})

test.each([
    ['a script', '<script>alert(1)</script>', 'script'],
    ['an element with a handler', '<b onclick="x()">b</b>', 'b'],
    ['a picture of another server', '![p](https://evil.test/p.png)', 'img'],
    ['a link that runs code', '[l](javascript:alert(1))', 'a[href^="javascript"]'],
])('%s in a card does nothing', (_, card, selector) => {
    document.body.innerHTML = cardHtml(card)

    expect(document.querySelector(selector)).toBeNull()
})
