import MarkdownIt from 'markdown-it'

// A card may come with a bundle from elsewhere: its HTML is shown as text, and nothing is fetched for it.
const markdown = new MarkdownIt({ html: false, linkify: false }).disable('image')

/** The Markdown of a model card as HTML that is safe to put into the page. */
export function cardHtml(card: string): string {
    return markdown.render(card)
}
