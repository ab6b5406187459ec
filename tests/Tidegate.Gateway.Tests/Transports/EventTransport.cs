using System.Net.WebSockets;
using System.Text;
using Tidegate.Gateway.Tests.Clients;

namespace Tidegate.Gateway.Tests.Transports;

/// <summary>Events, which only go to the client.</summary>
internal sealed class EventTransport : TransportClient
{
    private readonly EventClient _client;

    private EventTransport(EventClient client) => _client = client;

    internal override bool Sends => false;

    internal override bool KeepsBytes => false;

    internal override bool HearsStatus => false;

    internal override int? EndStatus => null;

    internal static async Task<TransportClient> OpenAsync(RunningGateway gateway) => new EventTransport(await EventClient.OpenAsync(gateway));

    internal override Task SendAsync(WebSocketMessageType kind, params byte[][] messages) => throw new InvalidOperationException("Such a client sends nothing.");

    internal override async Task<(WebSocketMessageType Kind, byte[] Data)?> ReceiveAsync() =>
        await _client.NextOrEndAsync() is { } next ? (WebSocketMessageType.Text, Encoding.UTF8.GetBytes(next.Data)) : null;

    /// <summary>All that such a client can do is to go away.</summary>
    internal override Task CloseAsync(int status)
    {
        _client.Dispose();
        return Task.CompletedTask;
    }

    public override ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }
}
