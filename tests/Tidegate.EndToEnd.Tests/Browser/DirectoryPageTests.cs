using Microsoft.Playwright;
using static Tidegate.EndToEnd.Tests.Processes.GatewayProcess;

namespace Tidegate.EndToEnd.Tests.Browser;

/// <summary>The list of a directory as people get it: with either colour scheme, by ear and by keyboard.</summary>
public sealed class DirectoryPageTests(BrowserFixture browser) : IClassFixture<BrowserFixture>, IAsyncLifetime
{
    private const string Accept = "http://127.0.0.1:0/";

    // Contrast of every text on the page with what is behind it (WCAG 2.2, 1.4.3), the lowest first.
    private const string Contrasts = """
        () => {
            const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
            const parse = color => {
                canvas.clearRect(0, 0, 1, 1);
                canvas.fillStyle = color;
                canvas.fillRect(0, 0, 1, 1);
                return [...canvas.getImageData(0, 0, 1, 1).data];
            };
            const luminance = ([r, g, b]) => {
                const [x, y, z] = [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                return 0.2126 * x + 0.7152 * y + 0.0722 * z;
            };
            const page = document.createElement('div');
            page.style.backgroundColor = 'Canvas';
            document.body.append(page);
            const ground = getComputedStyle(page).backgroundColor;
            page.remove();
            const behind = element => {
                for (; element; element = element.parentElement) {
                    const color = getComputedStyle(element).backgroundColor;
                    if (parse(color)[3] === 255) return color;
                }
                return ground;
            };
            const texts = [...document.querySelectorAll('body *')]
                .filter(e => [...e.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.data.trim() !== ''));
            const all = texts.map(e => {
                const [one, other] = [getComputedStyle(e).color, behind(e)].map(c => luminance(parse(c)));
                return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
            });
            return [luminance(parse(ground)), ...all.sort((a, b) => a - b)];
        }
        """;

    private readonly ScratchDirectory _files = new();
    private GatewayProcess _gateway = null!;

    private Uri List => _gateway.Served(Accept);

    public async Task InitializeAsync()
    {
        _files.Write("tide & gate <1>.txt", "water");
        Directory.CreateDirectory(Path.Combine(_files.Path, "harbour"));
        File.WriteAllText(Path.Combine(_files.Path, "harbour", "boat.txt"), "boat");
        _gateway = await StartAsync(Service(
            "directory", Accept, $"<properties><directory>{new Uri(_files.Path).AbsoluteUri}</directory><options>indexes</options></properties>"));
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        _files.Dispose();
    }

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Every_text_of_a_list_stands_out_in_either_colour_scheme(ColorScheme colors)
    {
        IPage page = await browser.OpenAsync(List, colors);

        double[] found = await page.EvaluateAsync<double[]>(Contrasts);

        // The page's ground is what was asked for.
        Assert.InRange(found[0], colors == ColorScheme.Dark ? 0 : 0.8, colors == ColorScheme.Dark ? 0.05 : 1);
        // Heading, three column headers, two links, a size and two times.
        Assert.Equal(9, found.Length - 1);
        Assert.InRange(found[1], 4.5, 21);
    }

    [Fact]
    public async Task A_list_has_a_language_a_title_a_landmark_and_a_table_with_headers()
    {
        IPage page = await browser.OpenAsync(List);

        Assert.Equal("en", await page.Locator("html").GetAttributeAsync("lang"));
        Assert.Equal("Index of /", await page.TitleAsync());
        Assert.Equal(1, await page.GetByRole(AriaRole.Main).CountAsync());
        Assert.Equal(1, await page.GetByRole(AriaRole.Heading, new() { Level = 1, Name = "Index of /" }).CountAsync());
        ILocator table = page.GetByRole(AriaRole.Main).GetByRole(AriaRole.Table, new() { Name = "Index of /" });
        Assert.Equal(["Name", "Size", "Modified (UTC)"], await table.GetByRole(AriaRole.Columnheader).AllTextContentsAsync());
        // What a link is called is what it leads to.
        Assert.Equal(["harbour/", "tide & gate <1>.txt"], await page.GetByRole(AriaRole.Link).AllTextContentsAsync());
        foreach (string name in new[] { "harbour/", "tide & gate <1>.txt" })
        {
            Assert.Equal(1, await page.GetByRole(AriaRole.Link, new() { Name = name, Exact = true }).CountAsync());
        }
    }

    [Fact]
    public async Task A_list_is_walked_with_the_keyboard_and_shows_where_one_is()
    {
        IPage page = await browser.OpenAsync(List);
        await page.Keyboard.PressAsync("Tab");
        Assert.Equal("harbour/", await FocusedAsync(page));
        await page.Keyboard.PressAsync("Tab");
        Assert.Equal("tide & gate <1>.txt", await FocusedAsync(page));
        await page.Keyboard.PressAsync("Shift+Tab");
        Assert.Equal("harbour/", await FocusedAsync(page));

        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/harbour/");
        await page.Keyboard.PressAsync("Tab");
        Assert.Equal("Parent directory", await FocusedAsync(page));
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync(List.ToString());
    }

    /// <summary>The text of what has the focus, which has to be seen.</summary>
    private static Task<string> FocusedAsync(IPage page) => page.EvaluateAsync<string>(
        """
        () => {
            const focused = document.activeElement;
            const style = getComputedStyle(focused);
            return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1 ? focused.textContent : `no outline: ${focused.textContent}`;
        }
        """);
}
