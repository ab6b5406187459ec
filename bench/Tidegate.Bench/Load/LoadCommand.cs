using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tidegate.Bench.Load;

/// <summary>Runs one measurement and prints its <see cref="LoadResult"/>, an error included, on the last line.</summary>
internal static class LoadCommand
{
    internal static readonly JsonSerializerOptions Json = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    internal static int Run(LoadOptions options)
    {
        LoadResult result;
        try
        {
            result = options.Kind switch
            {
                LoadKind.Messages => MessageLoad.Measure(options),
                LoadKind.Latency => LatencyLoad.Measure(options),
                LoadKind.Handshakes => HandshakeLoad.Measure(options),
                _ => IdleLoad.Hold(options),
            };
        }
        catch (Exception e) when (e is LoadException or IOException)
        {
            result = new LoadResult { Error = e.Message };
        }
        Console.WriteLine(JsonSerializer.Serialize(result, Json));
        return result.Error is null ? 0 : 1;
    }
}
