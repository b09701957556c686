import type { Locator, Page } from '@playwright/test'

/** A reader's hands: does what is asked and counts it. Moving the pointer and turning the wheel are no presses. */
export class Hands {
    keys = 0
    clicks = 0
    drags = 0
    wheelTurns = 0

    constructor(private readonly page: Page) {}

    get presses(): number {
        return this.keys + this.clicks + this.drags
    }

    async pointAt(what: Locator): Promise<void> {
        await what.hover()
    }

    async press(key: string): Promise<void> {
        this.keys += 1
        await this.page.keyboard.press(key)
    }

    async click(what: Locator): Promise<void> {
        this.clicks += 1
        await what.click()
    }

    async drag(what: Locator, to: Locator): Promise<void> {
        this.drags += 1
        await what.dragTo(to)
    }

    async turnWheel(over: Locator, pixels: number): Promise<void> {
        this.wheelTurns += 1
        await over.hover({ position: { x: 1, y: 1 }, force: true })
        await this.page.mouse.wheel(0, pixels)
    }
}
