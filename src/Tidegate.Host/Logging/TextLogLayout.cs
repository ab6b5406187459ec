using System.Text;

namespace Tidegate.Host.Logging;

/// <summary>
/// <c>LEVEL message</c>, the level padded to five characters, but for what is said of the cluster. An exception's stack follows in indented lines, so that every line that
/// begins with a level is one that the gateway wrote.
/// </summary>
internal sealed class TextLogLayout : LogLayout
{
    // The documentation of clusters has always had one space behind INFO, and that is what operators search for.
    private const string Unpadded = "tidegate.cluster";

    internal override string Write(LogEntry entry)
    {
        var line = new StringBuilder();
        line.Append(WordFor(entry.Level).PadRight(entry.Category == Unpadded ? 0 : 5)).Append(' ').Append(ControlCharacters.Escape(Shortened(entry.Message))).Append('\n');
        for (Exception? e = entry.Exception; e is not null; e = e.InnerException)
        {
            line.Append("      ").Append(e.GetType().FullName).Append(": ").Append(ControlCharacters.Escape(Shortened(e.Message))).Append('\n');
            foreach (string frame in (e.StackTrace ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                line.Append("        ").Append(ControlCharacters.Escape(frame)).Append('\n');
            }
        }

        return line.ToString();
    }
}
