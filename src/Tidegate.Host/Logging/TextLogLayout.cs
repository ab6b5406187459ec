using System.Text;

namespace Tidegate.Host.Logging;

/// <summary>
/// <c>LEVEL message</c>, the level padded to five characters. An exception's stack follows in indented lines, so that every line that
/// begins with a level is one that the gateway wrote.
/// </summary>
internal sealed class TextLogLayout : LogLayout
{
    internal override string Write(LogEntry entry)
    {
        var line = new StringBuilder();
        line.Append(WordFor(entry.Level).PadRight(5)).Append(' ').Append(ControlCharacters.Escape(Shortened(entry.Message))).Append('\n');
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
