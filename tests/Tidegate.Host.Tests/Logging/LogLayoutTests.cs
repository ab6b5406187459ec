using System.Text.Json;
using Microsoft.Extensions.Logging;
using Tidegate.Host.Logging;

namespace Tidegate.Host.Tests.Logging;

public sealed class LogLayoutTests
{
    private static readonly DateTimeOffset s_time = new(2026, 3, 4, 5, 6, 7, 89, TimeSpan.FromHours(1));

    private static LogEntry Entry(LogLevel level, string message, Exception? exception = null, params KeyValuePair<string, object?>[] fields) =>
        new(s_time, level, "gateway", message, fields, exception);

    [Theory]
    [InlineData(LogLevel.Trace, "TRACE m\n")]
    [InlineData(LogLevel.Debug, "DEBUG m\n")]
    [InlineData(LogLevel.Information, "INFO  m\n")]
    [InlineData(LogLevel.Warning, "WARN  m\n")]
    [InlineData(LogLevel.Error, "ERROR m\n")]
    [InlineData(LogLevel.Critical, "FATAL m\n")]
    public void A_text_line_is_the_level_padded_to_five_and_the_message(LogLevel level, string expected) =>
        Assert.Equal(expected, new TextLogLayout().Write(Entry(level, "m")));

    [Fact]
    public void What_is_said_of_the_cluster_has_one_space_behind_the_level_as_it_is_documented() =>
        Assert.Equal(
            "INFO Cluster member /192.168.2.10:5942 is down\n",
            new TextLogLayout().Write(Entry(LogLevel.Information, "Cluster member /192.168.2.10:5942 is down") with { Category = "tidegate.cluster" }));

    [Fact]
    public void Nothing_that_a_client_sends_begins_a_line_of_its_own()
    {
        string text = new TextLogLayout().Write(Entry(LogLevel.Information, "closed: bye\nERROR forged", new IOException("x\nERROR forged")));
        string json = new JsonLogLayout().Write(Entry(
            LogLevel.Information, "closed: bye\n{\"level\":\"ERROR\"}", null, new KeyValuePair<string, object?>("Reason", "\r\n\u2028\x1b")));

        Assert.DoesNotContain(text.Split('\n'), line => line.StartsWith("ERROR", StringComparison.Ordinal));
        Assert.Equal("INFO  closed: bye\\nERROR forged", text.Split('\n')[0]);
        Assert.Single(json.TrimEnd('\n').Split('\n', '\r', '\u2028', '\x1b'));
    }

    [Fact]
    public void A_json_line_has_the_fields_of_the_message_with_their_types()
    {
        string line = new JsonLogLayout().Write(Entry(
            LogLevel.Warning, "it's \"späť\"", new InvalidOperationException("broken"), new("Port", 8000), new("Open", true), new("Name", "e"), new("None", null)));

        JsonElement json = JsonDocument.Parse(line).RootElement;
        Assert.Equal("2026-03-04T04:06:07.089Z", json.GetProperty("timestamp").GetString());
        Assert.Equal("WARN", json.GetProperty("level").GetString());
        Assert.Equal("gateway", json.GetProperty("category").GetString());
        Assert.Equal("it's \"späť\"", json.GetProperty("message").GetString());
        Assert.Equal(8000, json.GetProperty("fields").GetProperty("Port").GetInt32());
        Assert.True(json.GetProperty("fields").GetProperty("Open").GetBoolean());
        Assert.Equal(JsonValueKind.Null, json.GetProperty("fields").GetProperty("None").ValueKind);
        Assert.Contains("broken", json.GetProperty("exception").GetString(), StringComparison.Ordinal);
        Assert.EndsWith("}\n", line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_without_an_end_is_cut_and_half_a_character_does_no_harm()
    {
        string message = new string('x', LogLayout.MaximumMessageLength - 1) + "\U0001F30A" + new string('y', 100_000);

        Assert.EndsWith("… (cut)\n", new TextLogLayout().Write(Entry(LogLevel.Information, message)), StringComparison.Ordinal);
        Assert.EndsWith(
            "\uFFFD… (cut)",
            JsonDocument.Parse(new JsonLogLayout().Write(Entry(LogLevel.Information, message))).RootElement.GetProperty("message").GetString(),
            StringComparison.Ordinal);
    }
}
