using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Listening;

/// <summary>The accepts that are at pipes. Those of http and ws share one as they share a port, told apart by authority and path.</summary>
internal sealed class PipeListeners(PipeBoard pipes)
{
    private readonly Dictionary<string, (Reception Reception, Binding First)> _byName = [];

    /// <param name="binding">What is to be reached there.</param>
    /// <param name="pipe">The pipe.</param>
    /// <param name="receive">Makes what receives its connections.</param>
    /// <exception cref="GatewayStartException">The pipe is taken, or another service claims the same there.</exception>
    internal void Bind(Binding binding, PipeName pipe, Func<string, Reception> receive)
    {
        string place = $"pipe://{pipe}";
        if (!_byName.TryGetValue(pipe.Name, out (Reception Reception, Binding First) existing))
        {
            existing = (receive(place), binding);
            _byName.Add(pipe.Name, existing);
            pipes.Listen(pipe.Name, existing.Reception.Accept, () => existing.Reception.IsAccepting);
        }
        else if (!existing.Reception.IsHttp || !binding.IsHttp)
        {
            ServiceAddress first = existing.First.Accept;
            throw new GatewayStartException(
                $"{binding.Accept.Position}: service \"{binding.Configuration.Name}\": {place} is taken already by {first.Uri} of service " +
                $"\"{existing.First.Configuration.Name}\" ({first.Position}). Give one of the two another name.");
        }
        else if (existing.Reception.Security.WhyNotShared(existing.First.Accept, binding, place) is { } reason)
        {
            throw new GatewayStartException($"{binding.Accept.Position}: service \"{binding.Configuration.Name}\": {reason}.");
        }

        if (binding.IsHttp)
        {
            existing.Reception.Routes.Claim(binding.Service, binding.Accept, binding.PortAt(binding.Accept.Uri.Scheme.DefaultPort ?? 0), place);
        }
    }
}
