using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Tidegate.Host.Logging;

/// <summary>
/// One JSON object a line: <c>timestamp</c> (ISO 8601, UTC), <c>level</c>, <c>category</c>, <c>message</c>, <c>fields</c> if the
/// message has any, and <c>exception</c> if there is one.
/// </summary>
internal sealed class JsonLogLayout : LogLayout
{
    // A log is not HTML: the strict encoder would make quotes and every non-Latin letter unreadable. This one still escapes all
    // control characters and line separators.
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal override string Write(LogEntry entry)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, s_options))
        {
            json.WriteStartObject();
            json.WriteString("timestamp", entry.Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            json.WriteString("level", WordFor(entry.Level));
            json.WriteString("category", entry.Category);
            json.WriteString("message", Safe(entry.Message));
            WriteFields(json, entry.Fields);
            if (entry.Exception is not null)
            {
                json.WriteString("exception", Safe(entry.Exception.ToString()));
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    private static void WriteFields(Utf8JsonWriter json, IReadOnlyList<KeyValuePair<string, object?>> fields)
    {
        if (fields.Count == 0)
        {
            return;
        }

        json.WriteStartObject("fields");
        foreach ((string name, object? value) in fields)
        {
            switch (value)
            {
                case null:
                    json.WriteNull(name);
                    break;
                case bool flag:
                    json.WriteBoolean(name, flag);
                    break;
                case sbyte or byte or short or ushort or int or uint or long:
                    json.WriteNumber(name, Convert.ToInt64(value, CultureInfo.InvariantCulture));
                    break;
                case double number when double.IsFinite(number):
                    json.WriteNumber(name, number);
                    break;
                default:
                    json.WriteString(name, Safe(Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""));
                    break;
            }
        }

        json.WriteEndObject();
    }

    // A cut may split a surrogate pair, and a client may have sent half of one: JSON cannot hold either.
    private static string Safe(string text) => string.Create(Shortened(text).Length, Shortened(text), static (target, source) =>
    {
        source.CopyTo(target);
        for (int i = 0; i < target.Length; i++)
        {
            if (char.IsHighSurrogate(target[i]) && i + 1 < target.Length && char.IsLowSurrogate(target[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(target[i]))
            {
                target[i] = '\uFFFD';
            }
        }
    });
}
